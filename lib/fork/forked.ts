// forked: a closure in a copy-on-write child. Its input is the whole heap, neither copied nor serialised; its result comes back by
// structured clone. See: man 2 fork.
import { setMaxListeners } from 'node:events'
import { availableParallelism } from 'node:os'
import { invalidArgType } from '../errors.js'
import { asInteger } from '../posix/internal/arguments.js'
import { asTask, asTaskOptions, runTask, type ForkedOptions, type TaskOptions } from './child-task.js'
import { notAReport } from './not-a-report.js'

/** Options of forked.map(). */
export interface ForkedMapOptions extends ForkedOptions {
  /** Children at once (default: os.availableParallelism()). */
  concurrency?: number | undefined
  /** Items that one child goes through, one after the other (default 1: each item has a child of its own). */
  chunk?: number | undefined
}

async function runForked<T>(fn: () => T, options: ForkedOptions = {}): Promise<Awaited<T>> {
  const task = asTask(fn)
  return (await runTask(task, asTaskOptions(options))) as Awaited<T>
}

function asItems<T>(items: Iterable<T>): T[] {
  if (typeof (items as Iterable<T> | null | undefined)?.[Symbol.iterator] !== 'function') {
    throw invalidArgType('items', 'iterable', items)
  }
  return [...items]
}

type Fn<T> = (item: T, index: number) => unknown

interface Chunk<T> {
  readonly items: readonly T[]
  readonly from: number
}

// In the child.
async function goThrough<T>({ items, from }: Chunk<T>, fn: Fn<T>): Promise<unknown[]> {
  const results: unknown[] = []
  for (const [at, item] of items.entries()) {
    try {
      results.push(await fn(item, from + at))
    } catch (error) {
      throw numbered(error, from + at)
    }
  }
  return results
}

const numbered = (error: unknown, index: number): unknown =>
  error instanceof Error && Object.isExtensible(error) ? Object.assign(error, { index }) : error

class Mapping<T> {
  readonly results: unknown[] = []
  readonly #items: readonly T[]
  readonly #fn: Fn<T>
  readonly #chunk: number
  readonly #options: TaskOptions
  readonly #stop = new AbortController()
  #next = 0
  #failure: { error: unknown } | undefined

  constructor(items: readonly T[], fn: Fn<T>, chunk: number, options: TaskOptions) {
    this.#items = items
    this.#fn = fn
    this.#chunk = chunk
    this.#options = options
  }

  // The first failure kills the children of the others; what they reject with is not heard.
  async #lane(options: TaskOptions): Promise<void> {
    while (this.#next < this.#items.length && !this.#failure) {
      const from = this.#next
      const chunk = { items: this.#items.slice(from, (this.#next += this.#chunk)), from }
      try {
        this.#take(chunk, await this.#run(chunk, options))
      } catch (error) {
        this.#failure ??= { error: this.#withIndex(error, from) }
        this.#stop.abort()
      }
    }
  }

  async #run(chunk: Chunk<T>, options: TaskOptions): Promise<unknown> {
    if (this.#chunk > 1) return runTask(() => goThrough(chunk, this.#fn), options)
    return [await runTask(() => this.#fn(chunk.items[0]!, chunk.from), options)]
  }

  // The index is for the reader of the error; a reason of the caller's own signal is left as it is. In a chunk the child knows it.
  #withIndex(error: unknown, from: number): unknown {
    const { signal } = this.#options
    const isKnown = this.#chunk > 1 && (error as { index?: unknown } | null | undefined)?.index !== undefined
    return isKnown || (signal?.aborted && error === signal.reason) ? error : numbered(error, from)
  }

  #take({ items, from }: Chunk<T>, results: unknown): void {
    if (!Array.isArray(results) || results.length !== items.length) throw notAReport('another number of results')
    for (const [at, result] of results.entries()) this.results[from + at] = result
  }

  async run(concurrency: number): Promise<unknown[]> {
    const { signal } = this.#options
    const both = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal
    setMaxListeners(0, both) // one a child
    const lanes = Math.min(concurrency, Math.ceil(this.#items.length / this.#chunk))
    await Promise.all(Array.from({ length: lanes }, () => this.#lane({ ...this.#options, signal: both })))
    if (this.#failure) throw this.#failure.error
    return this.results
  }
}

async function mapForked<T, R>(
  items: Iterable<T>,
  fn: (item: T, index: number) => R,
  options: ForkedMapOptions = {},
): Promise<Awaited<R>[]> {
  const all = asItems(items)
  const task = asTask(fn)
  const checked = asTaskOptions(options, ['concurrency', 'chunk'])
  const { concurrency = availableParallelism(), chunk = 1 } = options
  const atOnce = asInteger('options.concurrency', concurrency, 1)
  const inOne = asInteger('options.chunk', chunk, 1)
  checked.signal?.throwIfAborted()
  return (await new Mapping(all, task, inOne, checked).run(atOnce)) as Awaited<R>[]
}

/**
 * Runs `fn` in a child process that is a copy-on-write copy of this one, and gives what it returns. `fn` sees every variable as it is
 * at the end of this turn of the event loop, when the fork is made; what it changes, it changes for itself. Timers, sockets and other
 * handles of this process do not exist there; the rest of the runtime does. `fn` may be asynchronous.
 *
 * The result comes back by structured clone, of up to `maxResult` bytes, without holding up the event loop while it comes. What `fn` throws comes back
 * with its class, message, stack, cause, `code` and other fields (an error inside a result only as structured clone has it). The promise
 * settles when the child is gone and was reaped; until then it keeps this process alive. Should this process die first, the kernel
 * kills the child.
 *
 * @param fn runs in the child only
 * @param options `signal` and `timeout` (milliseconds, default none) kill the child; `limits` are set in it before `fn` runs
 * @throws (rejects) what `fn` throws; a DOMException 'DataCloneError' that names the part of the result which cannot be cloned;
 *   ERR_POSIX_ASYNC_CHILD with `exitCode` and `signal` where the child ended without a result (a crash, the OOM killer, an exit
 *   of its own); ERR_POSIX_ASYNC_REPORT where it sent what is no result; ERR_POSIX_ASYNC_UNAVAILABLE where this Node.js writes structured clones of a format that the library does not know; ETIMEDOUT; the signal's reason; ErrnoError EAGAIN, ENOMEM, EMFILE, EPERM (a limit above the hard one), ENOTSUP (in a
 *   Worker); ERR_FORK_UNSAFE; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE. Main thread.
 * @see man 2 fork, man 2 setrlimit
 */
export const forked: {
  <T>(fn: () => T, options?: ForkedOptions): Promise<Awaited<T>>
  /**
   * Runs `fn` for each item in a child of its own and gives the results in the order of the items. The first that fails kills the
   * others, and its error has the item's `index`.
   *
   * @param items what to go through; taken at once
   * @param fn is given the item and its index, in the child
   * @param options those of forked(), `timeout` and `limits` for each child; `concurrency`: children at once (default:
   *   os.availableParallelism()); `chunk`: items that one child goes through (default 1), for items that are not worth a fork each. `timeout`,
   *   `limits` and `maxResult` are of the child, and so of all items of a chunk
   * @throws (rejects) as forked() does
   */
  map<T, R>(items: Iterable<T>, fn: (item: T, index: number) => R, options?: ForkedMapOptions): Promise<Awaited<R>[]>
} = Object.assign(runForked, { map: mapForked })
