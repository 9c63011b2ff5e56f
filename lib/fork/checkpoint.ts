// checkpoint: work on a frozen view of the heap while the program goes on changing it (what Redis calls BGSAVE). See: man 2 fork.
import { invalidArgType } from '../errors.js'
import { asTask, asTaskOptions, runTask, type ForkedOptions } from './child-task.js'

/** Options of checkpoint(). */
export interface CheckpointOptions extends ForkedOptions {
  /** Called in this process when the view is taken, with the child's pid: what changes from here on is not in it. */
  onFork?: ((pid: number) => void) | undefined
}

/**
 * Runs `fn`, which may be asynchronous, in a child over a view of the heap as it is at the end of this turn of the event loop, and
 * resolves when it is done. This process stands still for the fork only (about a millisecond) and then may change everything: each memory
 * page that it writes to is copied first, and the child never sees the change.
 *
 * @param fn saves, counts, checks ...; what it returns comes back as from forked()
 * @param options as those of forked(), and `onFork`
 * @throws (rejects) as forked() does
 * @see man 2 fork
 */
export async function checkpoint<T>(fn: () => T, options: CheckpointOptions = {}): Promise<Awaited<T>> {
  const task = asTask(fn)
  const checked = asTaskOptions(options, ['onFork'])
  const { onFork } = options
  if (onFork !== undefined && typeof onFork !== 'function') {
    throw invalidArgType('options.onFork', 'of type function', onFork)
  }
  return (await runTask(task, { ...checked, onFork })) as Awaited<T>
}
