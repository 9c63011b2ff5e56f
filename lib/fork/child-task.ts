// One function in one child: forked, watched over, ended, and its outcome brought back. forked(), its map and the snapshots stand on it.
import { AsyncResource } from 'node:async_hooks'
import { serialize } from 'node:v8'
import { clearTimeout } from 'node:timers'
import { namesOf, refuseUnknown } from '../posix/internal/known-options.js'
import { codedError, invalidArgType, outOfRange } from '../errors.js'
import { asInteger, INT_MAX } from '../posix/internal/arguments.js'
import { leave } from '../posix/after-fork/repair-runtime.js'
import { _exit } from '../posix/fork.js'
import { cloneIn, refuseOtherFormats } from './checked-clone.js'
import { runInChild, type Child } from './child.js'
import { deathOf } from './child-death.js'
import { dieWithParent } from './die-with-parent.js'
import { cloneRefusal } from './clone-refusal.js'
import { asLimits, setLimits, type CheckedLimits, type Limits } from './limits.js'
import { notAReport } from './not-a-report.js'
import { pack, unpack, type Packed } from './packed-error.js'
import { shorten } from './packed-text.js'
import { ResultPipe } from './result-pipe.js'
import { setTimeout } from '../posix/internal/own-timers.js'

/** Options of forked(), checkpoint() and writeHeapSnapshot(). */
export interface ForkedOptions {
  /** Kills the child when it aborts; the promise rejects with its reason. */
  signal?: AbortSignal | undefined
  /** Milliseconds from the fork on, after which the child is killed and the promise rejects with code ETIMEDOUT; 0 (default): none. */
  timeout?: number | undefined
  /** What the child may use: `{ cpu: 10, as: 2 ** 32, nofile: 64 }`. */
  limits?: Limits | undefined
  /**
   * Bytes that the result may take on its way (default 1 GiB): this process does not take in more from a child, whatever that sends. Nor may it
   * take more than half of the heap (see v8.getHeapStatistics).
   */
  maxResult?: number | undefined
}

const MAX_RESULT = 2 ** 30
// Bytes that what `fn` throws may take where the result may have less.
const ERROR_ROOM = 65_536

/** Options that were checked. */
const TASK_OPTIONS = namesOf<ForkedOptions>({ signal: true, timeout: true, limits: true, maxResult: true })

export interface TaskOptions {
  readonly signal: AbortSignal | undefined
  readonly timeout: number
  readonly limits: CheckedLimits
  readonly maxResult: number
  /** Called in the parent right after the fork, before anything else of its can run. */
  readonly onFork?: ((pid: number) => void) | undefined
}

type Outcome = { result: unknown } | { thrown: Packed }

function asMilliseconds(value: unknown): number {
  if (value === undefined || value === Infinity) return 0
  if (typeof value !== 'number') throw invalidArgType('options.timeout', 'of type number', value)
  if (!(value >= 0)) throw outOfRange('options.timeout', '>= 0', value)
  return Math.min(Math.ceil(value), INT_MAX)
}

/** Throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE; the reason of a signal that has aborted. */
export function asTaskOptions(options: unknown, more: readonly string[] = []): TaskOptions {
  if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
  refuseUnknown(options, [...TASK_OPTIONS, ...more])
  const { signal, timeout, limits, maxResult = MAX_RESULT } = options as ForkedOptions
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgType('options.signal', 'an instance of AbortSignal', signal)
  }
  return {
    signal,
    timeout: asMilliseconds(timeout),
    limits: asLimits(limits),
    maxResult:
      maxResult === Infinity ? Infinity : asInteger('options.maxResult', maxResult, 0, Number.MAX_SAFE_INTEGER),
  }
}

/** Throws ERR_INVALID_ARG_TYPE. */
export function asTask<F>(fn: F): F {
  if (typeof fn !== 'function') throw invalidArgType('fn', 'of type function', fn)
  return fn
}

/** Runs `fn` in a child. What it returns, or throws, comes back by structured clone when the child is gone. */
export async function runTask(fn: () => unknown, options: TaskOptions): Promise<unknown> {
  refuseOtherFormats()
  options.signal?.throwIfAborted()
  const pipe = new ResultPipe(options.maxResult + ERROR_ROOM)
  try {
    // Bound, so that fn sees the AsyncLocalStorage of the caller.
    const parent = process.pid
    const main = AsyncResource.bind(() => liveInChild(parent, pipe, fn, options))
    const child = await runInChild(main, () => pipe.becomeReader())
    return await outcomeOf(child, pipe, options)
  } finally {
    pipe.close()
  }
}

async function liveInChild(
  parent: number,
  pipe: ResultPipe,
  fn: () => unknown,
  { signal, limits, maxResult }: TaskOptions,
): Promise<void> {
  dieWithParent(parent)
  if (signal?.aborted) _exit(0) // between the call and the fork: the parent knows
  pipe.becomeWriter()
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => {
    deliver(pipe, { thrown: pack(error) }, maxResult)
    leave(1)
  })
  deliver(pipe, await outcome(fn, limits), maxResult)
}

async function outcome(fn: () => unknown, limits: CheckedLimits): Promise<Outcome> {
  try {
    setLimits(limits)
    return { result: await fn() }
  } catch (error) {
    return { thrown: pack(error) }
  }
}

function deliver(pipe: ResultPipe, outcome: Outcome, most: number): void {
  const bytes = bytesWithin(outcome, most)
  try {
    pipe.send(bytes)
  } catch {
    _exit(1) // EPIPE: the parent is gone, or has no memory for so much
  }
}

function bytesWithin(outcome: Outcome, most: number): Buffer {
  const bytes = bytesOf(outcome)
  if (bytes.length <= ('result' in outcome ? most : most + ERROR_ROOM)) return bytes
  if ('thrown' in outcome) return bytesOf({ thrown: shorten(outcome.thrown, ERROR_ROOM) })
  return bytesOf({ thrown: pack(outOfRange('the size of the result', `<= ${most} (maxResult)`, bytes.length)) })
}

function bytesOf(outcome: Outcome): Buffer {
  try {
    return serialize(outcome)
  } catch (error) {
    const refusal = 'result' in outcome && (error as Error).constructor === Error && cloneRefusal(outcome.result)
    return serialize({ thrown: pack(refusal || error) } satisfies Outcome)
  }
}

async function outcomeOf(child: Child, pipe: ResultPipe, options: TaskOptions): Promise<unknown> {
  const watch = new Watchman(child, options)
  const status = await child.ended
  watch.end()
  if (watch.stopped) throw watch.stopped.reason
  if (status.failure) throw status.failure
  const bytes = pipe.take()
  if (bytes === undefined) throw deathOf(child.pid, status, options.limits.length > 0, ' before it had a result')
  return resultIn(bytes)
}

// Of a process that may have been taken over: whatever it sends, the worst is that this throws.
function resultIn(bytes: Buffer): unknown {
  const outcome = asOutcome(bytes)
  if (Object.hasOwn(outcome, 'result')) return outcome['result']
  throw unpack(outcome['thrown'])
}

function asOutcome(bytes: Buffer): Record<string, unknown> {
  const outcome = cloneIn(bytes, 'a result')
  if (typeof outcome === 'object' && outcome !== null) return outcome as Record<string, unknown>
  throw notAReport('neither a result nor an error')
}

// Kills the child when the signal aborts or the time is over, and notes why.
class Watchman {
  stopped: { reason: unknown } | undefined
  readonly #child: Child
  readonly #signal: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout | undefined

  constructor(child: Child, { signal, timeout, onFork }: TaskOptions) {
    this.#child = child
    this.#signal = signal
    if (timeout > 0) this.#timer = setTimeout(() => this.#stop(tooLate(child, timeout)), timeout)
    signal?.addEventListener('abort', this.#abort, { once: true })
    if (signal?.aborted) this.#abort()
    else this.#tell(onFork)
  }

  #tell(onFork: TaskOptions['onFork']): void {
    try {
      onFork?.(this.#child.pid)
    } catch (error) {
      this.#stop(error)
    }
  }

  #stop(reason: unknown): void {
    this.stopped ??= { reason }
    this.#child.kill('SIGKILL')
  }

  readonly #abort = (): void => this.#stop(this.#signal!.reason)

  end(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#abort)
  }
}

const tooLate = ({ pid }: Child, timeout: number): Error =>
  codedError(Error, 'ETIMEDOUT', `child ${pid} was not done within ${timeout} ms`)
