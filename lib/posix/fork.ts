// unistd.h: fork, _exit, and the hooks of pthread_atfork around them.
import { isMainThread } from 'node:worker_threads'
import { refuseUnknown } from './internal/known-options.js'
import { check, codedError, ErrnoError, invalidArgType, invalidArgValue } from '../errors.js'
import { native, shared } from '../native.js'
import { asInteger } from './internal/arguments.js'
import { lastWords } from './internal/last-words.js'
import { whenWritten } from './after-fork/file-writes.js'
import {
  noteFirstFork,
  prepareRuntime,
  repairRuntime,
  whyNotSilent,
  type TakeOver,
} from './after-fork/repair-runtime.js'
import { warmUp } from './after-fork/warm-up.js'
import { constants } from 'node:os'

export interface ForkOptions {
  /**
   * What becomes of the parent's event loop in the child: 'silent' (default), nothing of it fires there, its sockets are closed
   * there and it does not keep the child alive; or 'keep', as C has it: then what a Ring or POSIX AIO had under way, which goes on in
   * the parent, rejects in the child (EFORKED, ECANCELED).
   */
  handles?: 'silent' | 'keep'
}

type Hook = () => void
interface HookSet {
  prepare: Hook | undefined
  parent: Hook | undefined
  child: Hook | undefined
}
const hookSets = shared<HookSet[]>('atfork', () => [])

/**
 * Registers hooks around every fork() of this process: `prepare` before it, in reverse order of registration; `parent` and `child`
 * after it, in order of registration. They run synchronously on the thread that forks. A `prepare` that throws aborts the fork: the
 * `parent` hooks of those that had run are called, and fork() throws what it threw. Where a `parent` hook throws, the others are called all
 * the same, the child is killed and reaped, and fork() throws it.
 *
 * @throws ERR_INVALID_ARG_TYPE
 * @see man 3 pthread_atfork
 */
export function pthread_atfork(prepare?: Hook | null, parent?: Hook | null, child?: Hook | null): void {
  const asHook = (name: string, hook: Hook | null | undefined): Hook | undefined => {
    if (hook !== null && hook !== undefined && typeof hook !== 'function')
      throw invalidArgType(name, 'a function', hook)
    return hook ?? undefined
  }
  hookSets.push({
    prepare: asHook('prepare', prepare),
    parent: asHook('parent', parent),
    child: asHook('child', child),
  })
}

// Runs the prepare hooks; on a throw undoes those that had run.
function runPrepare(sets: readonly HookSet[]): void {
  const done: HookSet[] = []
  try {
    for (const set of sets.toReversed()) {
      set.prepare?.()
      done.unshift(set)
    }
  } catch (error) {
    for (const set of done) set.parent?.()
    throw error
  }
}

// Runs all parent hooks; gives what the first that failed has thrown.
function runParent(sets: readonly HookSet[]): { thrown: unknown } | undefined {
  let failure: { thrown: unknown } | undefined
  for (const set of sets) {
    try {
      set.parent?.()
    } catch (thrown) {
      failure ??= { thrown }
    }
  }
  return failure
}

// The caller of a fork that throws knows of no child, so there is none. (Not one of its parent's: see forkSiblings.)
function endChild(pid: number): void {
  native.kill(pid, constants.signals.SIGKILL)
  native.waitpid(pid, new Int32Array(1), 0)
}

/**
 * Copies this process, its whole Node.js runtime included, and returns twice: the child's pid in the parent, 0 in the child. In the
 * child JIT, collector, fs, timers, net, http, crypto, Workers and fork itself work, and it may leave by `_exit`, `process.exit` or by
 * having nothing left to do. What the parent's event loop watches is silent there (see ForkOptions). Main thread only; it takes
 * about a millisecond, in which all other threads of the process stand still.
 *
 * The caller must reap the child with waitpid or waitpidAsync.
 *
 * @throws ErrnoError EAGAIN (a limit of processes or of pending signals), ENOMEM, EMFILE, EPERM (a filter of system calls), ENOTSUP (in
 * a Worker); ERR_FORK_UNSAFE where a thread could not be stopped within a second in which it could run (a minute by the clock), /proc is that of another pid namespace or cannot be read, or
 * Node.js is not a supported one or keeps its queues where they are not found, as one built without the inspector does (nothing has
 * changed then); ERR_INVALID_ARG_VALUE
 * @see man 2 fork
 */
export function fork(options: ForkOptions = {}): number {
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  refuseUnknown(options, ['handles'])
  const { handles = 'silent' } = options
  if (handles !== 'silent' && handles !== 'keep') {
    throw invalidArgValue('handles', "must be 'silent' or 'keep'", handles)
  }
  const after = beforeFork(handles === 'silent')
  return after(native.fork(handles === 'keep'))
}

/** What a fork that failed says: a negative errno, or why it was not safe. */
export function forkError(result: number | string): Error {
  if (typeof result === 'number') return new ErrnoError(result, 'fork')
  return codedError(Error, 'ERR_FORK_UNSAFE', `fork: ${result}`)
}

/** Whether there are hooks around forks, which a fork without JavaScript would not call. */
export function isForkHooked(): boolean {
  return hookSets.length > 0
}

function notInWorker(): Error {
  const error = new ErrnoError(constants.errno.ENOTSUP, 'fork')
  error.message = 'ENOTSUP: fork() works on the main thread only, and this is a Worker, fork'
  return error
}

/**
 * Before forks that are made without JavaScript. `silent`: nothing of the parent's may go on in the child.
 * @throws ErrnoError ENOTSUP (in a Worker); ERR_FORK_UNSAFE
 */
export function prepareFork(silent = true): void {
  if (!isMainThread) throw notInWorker()
  if (prepareRuntime()) warmUp(_exit)
  knowThreads()
  const reason = silent ? whyNotSilent() : undefined
  if (reason !== undefined) throw forkError(reason)
}

let knowsThreads = false

// Where /proc cannot be read no fork works: it is told before anything stands on one.
function knowThreads(): void {
  if (knowsThreads) return
  const result = native.lookForThreads()
  if (result !== 0) throw forkError(result)
  knowsThreads = true
}

/** In the child of such a fork, first of all. */
export const beginChild = (): void => repair(true)

// A child that can't be made one of its own runs nothing more: what its parent's code would do with an error, it would do twice.
function repair(silent: boolean, takeOver?: TakeOver): void {
  try {
    repairRuntime(native.getpid(), silent, undefined, takeOver)
  } catch (error) {
    lastWords(error)
    native._exit(1)
  }
}

// What surrounds every fork, in JavaScript. Gives what must be called on both sides with the fork's result.
function beforeFork(silent = true, takeOver?: TakeOver): (result: number | string) => number {
  prepareFork(silent)
  if (takeOver) noteFirstFork(takeOver)
  const sets = [...hookSets]
  runPrepare(sets)
  return (result) => {
    if (result === 0) {
      repair(silent, takeOver)
      for (const set of sets) set.child?.()
      return 0
    }
    const failure = runParent(sets)
    if (typeof result === 'string' || result < 0) throw forkError(result)
    if (failure) endChild(result)
    if (failure) throw failure.thrown
    return result
  }
}

// Milliseconds that a fork waits for writes to files which are under way, where the child goes on with the program.
const MOST_WAIT = 200

/**
 * Forks from the event loop, at the end of this turn, with no JavaScript on the stack: the child runs `child` and what that leads to, and
 * nothing else, and never comes back here. `idle` is called in it when it has run out of events. Where `keepsOnly` is given the child has
 * none of this process's descriptors but 0 to 2 and these; `takeOver`: see there. Resolves in the parent, with the pid; rejects as fork throws. Internal: forked()
 * and the servers stand on it.
 */
export function forkFromLoop(
  child: () => void,
  idle: () => void,
  keepsOnly?: readonly number[],
  takeOver?: TakeOver,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let after: ReturnType<typeof beforeFork>
    const prepare = (): boolean => {
      try {
        after = beforeFork(true, takeOver)
        return true
      } catch (error) {
        reject(error as Error)
        return false
      }
    }
    const forked = (result: number | string): void => {
      try {
        const pid = after(result)
        if (pid === 0) child()
        else resolve(pid)
      } catch (error) {
        if (result === 0) throw error
        reject(error as Error)
      }
    }
    const kept = Int32Array.from(keepsOnly ?? [])
    const ask = (): void =>
      void check(native.forkFromLoop(prepare, forked, idle, keepsOnly === undefined, kept), 'fork')
    // A program that goes on in the child would wait there for what writes of this process lead to.
    const written = takeOver && whenWritten(MOST_WAIT)
    if (written) written.then(ask).catch(reject)
    else ask()
  })
}

/**
 * From now on the children that this process forks are children of its parent's, who waits for them (CLONE_PARENT of clone(2)); this
 * process knows their numbers only. Their own children are their own. Internal: a worker that others are forked from does so.
 */
export function forkSiblings(): void {
  native.forkSiblings()
}

/**
 * Ends this process at once, without `exit` listeners, flushing or any other JavaScript.
 * @param status exit status, 0 to 255
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 _exit
 */
export function _exit(status: number): never {
  return native._exit(asInteger('status', status, 0, 255))
}
