// forkedWorker: a child of this process that lives and talks, over data that it was forked with. See: man 2 fork, man 2 socketpair.
import { AsyncResource } from 'node:async_hooks'
import type { Readable, Writable } from 'node:stream'
import { constants } from 'node:os'
import { namesOf, refuseUnknown } from '../../posix/internal/known-options.js'
import { invalidArgType, invalidArgValue } from '../../errors.js'
import { forkFromLoop } from '../../posix/fork.js'
import { asSignalNumber } from '../../posix/internal/signal-set.js'
import type { Signal } from '../../posix/signal.js'
import { AF_UNIX, SOCK_STREAM, socketpair } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { childOf, type Child, type ExitStatus } from '../child.js'
import { deathOf } from '../child-death.js'
import { asTask, asTaskOptions, type TaskOptions } from '../child-task.js'
import { cloneIn } from '../checked-clone.js'
import type { Limits } from '../limits.js'
import { Channel } from '../messages/channel.js'
import { asMaxMessage, type ForkedPort } from '../messages/forked-port.js'
import { ownCopy, THROWN } from '../messages/message-frames.js'
import { Messenger, type MessengerEvents } from '../messages/messenger.js'
import { rethrowLater } from '../messages/rethrow-later.js'
import { notAReport } from '../not-a-report.js'
import { keepInParent, release } from '../only-here.js'
import { unpack } from '../packed-error.js'
import { leaveStreams, NO_STREAMS, StdioPipes, type ParentStreams } from './stdio.js'
import { WorkerProcess } from './worker-process.js'

/** Options of forkedWorker(). */
export interface ForkedWorkerOptions {
  /** 'inherit' (default): standard input, output and error of this process; 'pipe': its own, `worker.stdin`, `stdout` and `stderr` here. */
  stdio?: 'inherit' | 'pipe' | undefined
  /** Kills the worker when it aborts; `ended` rejects with its reason. */
  signal?: AbortSignal | undefined
  /** What the worker may use: `{ cpu: 10, as: 2 ** 32, nofile: 64 }`. */
  limits?: Limits | undefined
  /** Bytes that a message may have on its way, either way (default 1 GiB); nor may it take more than half of the receiver's heap. */
  maxMessage?: number | undefined
}

const WORKER_OPTIONS = namesOf<ForkedWorkerOptions>({ stdio: true, signal: true, limits: true, maxMessage: true })

/** Events of a ForkedWorker, after those of node:child_process. */
export interface ForkedWorkerEvents extends MessengerEvents {
  /** The process is there, and `pid` is its number. */
  spawn: []
  /** It has ended and was reaped: its exit code, or the signal that killed it; the other is null. Nothing comes after this. */
  exit: [code: number | null, signal: NodeJS.Signals | null]
}

interface Checked {
  readonly task: TaskOptions
  readonly maxMessage: number
  readonly stdio: StdioPipes | undefined
}

function asStdio(value: unknown): 'inherit' | 'pipe' {
  if (value === undefined || value === 'inherit') return 'inherit'
  if (value === 'pipe') return value
  if (typeof value !== 'string') throw invalidArgType('options.stdio', 'of type string', value)
  throw invalidArgValue('options.stdio', "must be 'inherit' or 'pipe'", value)
}

/** A worker that forkedWorker() has begun, as its parent sees it. */
export class ForkedWorker<Received = unknown, Sent = unknown> extends Messenger<Received, Sent, ForkedWorkerEvents> {
  /**
   * Resolves, when the worker has ended and was reaped, with how: `{ code, signal }`. Rejects where nobody has asked for its end, as forked()
   * does: with what its function threw, ERR_POSIX_ASYNC_CHILD with `exitCode` and `signal`, and so on. Where the error is heard by 'error' or
   * an iteration, it need not be looked at.
   */
  readonly ended: Promise<ExitStatus>
  /** @internal */
  protected readonly channel: Channel
  readonly #limited: boolean
  readonly #signal: AbortSignal | undefined
  #streams: ParentStreams = NO_STREAMS
  #child: Child | undefined
  readonly #asked = new Set<number>()
  #isReferenced = true
  #failure: { error: unknown } | undefined
  #status: ExitStatus | undefined

  /** Made by forkedWorker(). @internal */
  constructor(main: (port: ForkedPort<Sent, Received>) => unknown, { task, maxMessage, stdio }: Checked) {
    super()
    const [own, theirs] = socketpair(AF_UNIX, SOCK_STREAM)
    const owner = this.ownerOf({
      closed: (error) => error && this.#stop(error),
      finished: () => this.#tellEnd(),
      other: (kind, body) => this.#thrown(kind, body),
    })
    try {
      this.channel = new Channel(own, maxMessage, owner)
    } catch (error) {
      for (const fd of [own, theirs]) close(fd)
      throw error
    }
    keepInParent(theirs)
    this.channel.keepAlive(false) // its process does
    this.#limited = task.limits.length > 0
    this.#signal = task.signal
    const process_ = new WorkerProcess({
      ...{ main: main as (port: never) => unknown, parent: process.pid, fd: theirs, stdio, limits: task.limits },
      ...{ maxMessage, isAborted: () => task.signal?.aborted ?? false },
    })
    this.ended = this.#live(process_, theirs, stdio)
  }

  /** Its number; undefined until 'spawn'. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** How it ended: null while it has not. */
  get exitCode(): number | null {
    return this.#status?.code ?? null
  }

  /** The signal that ended it, or null. */
  get signalCode(): NodeJS.Signals | null {
    return this.#status?.signal ?? null
  }

  /** Its standard input, where `stdio` is 'pipe'; else null. */
  get stdin(): Writable | null {
    return this.#streams.stdin
  }

  /** Its standard output, where `stdio` is 'pipe'; else null. */
  get stdout(): Readable | null {
    return this.#streams.stdout
  }

  /** Its standard error, where `stdio` is 'pipe'; else null. */
  get stderr(): Readable | null {
    return this.#streams.stderr
  }

  async #live(worker: WorkerProcess, theirs: number, stdio: StdioPipes | undefined): Promise<ExitStatus> {
    if (stdio) this.#streams = stdio.parentStreams()
    try {
      this.#child = await this.#fork(worker, theirs, stdio)
      this.#began(this.#child)
      this.#status = await this.#child.ended
      if (this.#status.failure) throw this.#status.failure
    } catch (error) {
      this.#failure ??= { error }
    }
    return this.#end()
  }

  // Bound, so that its function sees the AsyncLocalStorage of the caller.
  async #fork(worker: WorkerProcess, theirs: number, stdio: StdioPipes | undefined): Promise<Child> {
    try {
      return childOf(await forkFromLoop(AsyncResource.bind(worker.live), worker.idle))
    } finally {
      release(theirs)
      close(theirs)
      stdio?.closeChildEnds()
    }
  }

  #began(child: Child): void {
    child.keepAlive(this.#isReferenced)
    this.#signal?.addEventListener('abort', this.#abort, { once: true })
    if (this.#failure) child.kill('SIGKILL')
    else if (this.#signal?.aborted) this.#abort()
    else for (const signal of this.#asked) child.kill(signal)
    rethrowLater(() => this.emit('spawn'))
  }

  readonly #abort = (): void => this.#stop(this.#signal!.reason)

  #stop(error: unknown): void {
    this.#failure ??= { error }
    this.#child?.kill('SIGKILL')
  }

  // What its function threw: it ends by itself. From a process that was taken over it may be anything.
  #thrown(kind: number, body: Buffer): void {
    if (kind !== THROWN || this.#failure) throw notAReport(`a frame of kind ${kind}`)
    this.#failure = { error: unpack(cloneIn(ownCopy(body), 'an error')) }
  }

  #end(): ExitStatus {
    this.#signal?.removeEventListener('abort', this.#abort)
    this.channel.drainAndClose()
    leaveStreams(this.#streams)
    const failure = (this.#failure ??= this.#death())
    // Who hears of it by other means need not look at `ended`.
    if (this.listenerCount('error') > 0 || this.channel.isIterated) void this.ended.catch(() => {})
    this.channel.finish(failure && asError(failure.error))
    if (failure) throw failure.error
    const { code, signal } = this.#status!
    return { code, signal }
  }

  // One that was asked for by `kill` is none.
  #death(): { error: unknown } | undefined {
    const { code, signal } = this.#status!
    if (code === 0 || (signal !== null && this.#asked.has(numberOf(signal)))) return undefined
    return { error: deathOf(this.#child!.pid, { code, signal }, this.#limited, '') }
  }

  #tellEnd(): void {
    const { error } = this.#failure ?? {}
    if (this.#failure && this.listenerCount('error') > 0) rethrowLater(() => this.emit('error', asError(error)))
    rethrowLater(() => this.emit('exit', this.exitCode, this.signalCode))
  }

  /**
   * Sends it a signal; before 'spawn', as soon as it is there. `ended` resolves, and does not reject, where it dies of one.
   * @param signal a name or a number (default 'SIGTERM', which ends a worker that has no listener for it)
   * @returns false where it has ended
   * @throws ERR_UNKNOWN_SIGNAL, ERR_OUT_OF_RANGE, ERR_INVALID_ARG_TYPE, ErrnoError EPERM
   * @see man 2 pidfd_send_signal
   */
  kill(signal: Signal = 'SIGTERM'): boolean {
    const number = asSignalNumber(signal)
    if (this.#status) return false
    this.#asked.add(number)
    this.#child?.kill(number)
    return true
  }

  /** Kills it (SIGKILL), and resolves when it has ended and was reaped, however that was. */
  async terminate(): Promise<ExitStatus> {
    this.kill('SIGKILL')
    this.ref()
    await this.ended.catch(() => {})
    return { code: this.exitCode, signal: this.signalCode }
  }

  /** Keeps this process alive until the worker has ended, as it does from the start. */
  ref(): this {
    return this.#keepAlive(true)
  }

  /** Lets this process end although the worker has not: the kernel kills it then. */
  unref(): this {
    return this.#keepAlive(false)
  }

  #keepAlive(wanted: boolean): this {
    this.#isReferenced = wanted
    this.#child?.keepAlive(wanted)
    return this
  }

  /** The same as `terminate`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate()
  }
}

const numberOf = (name: string): number =>
  (constants.signals as Record<string, number>)[name] ?? Number(name.slice('SIG'.length))

const asError = (value: unknown): Error =>
  value instanceof Error ? value : new Error(`a worker's function threw what is no Error`, { cause: value })

/**
 * Forks a worker at the end of this turn of the event loop: a copy-on-write copy of this process that runs `main` and goes on for as long as
 * that, or its event loop, has something to do: while it listens to messages, a timer runs, a server listens ... It sees every variable as it
 * is at the fork. What it changes, it changes for itself; what this process's event loop watches does not exist there.
 *
 * Both sides send messages of any size by structured clone, and descriptors beside them; nothing that comes from a worker is believed before
 * it was looked at. A worker that ends has sent all that it had to send: where nobody takes in its messages it waits with its end. Should
 * this process die first, the kernel kills the worker.
 *
 * @param main runs in the worker only, with its end of the channel. What it throws, or rejects with, ends the worker, and comes here with
 *   class, message, stack, cause and `code`
 * @param options `stdio` 'pipe' gives it standard streams of its own; `signal` kills it; `limits` are set in it before `main` runs;
 *   `maxMessage` bounds a message
 * @returns the worker, at once: what is sent before 'spawn' waits for it
 * @throws ErrnoError EMFILE, ENFILE; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE; the reason of a signal that has aborted.
 *   `ended` rejects with what `main` threw; ERR_POSIX_ASYNC_CHILD with `exitCode` and `signal` where it ended badly, and nobody asked for it;
 *   ERR_POSIX_ASYNC_REPORT where it sent what is no message, and was killed; the signal's reason; ErrnoError EAGAIN, ENOMEM, EMFILE, EPERM (a limit), ENOTSUP
 *   (in a Worker); ERR_FORK_UNSAFE. Main thread.
 * @see man 2 fork, man 2 socketpair
 */
export function forkedWorker<ToWorker = unknown, FromWorker = unknown>(
  main: (port: ForkedPort<ToWorker, FromWorker>) => unknown,
  options: ForkedWorkerOptions = {},
): ForkedWorker<FromWorker, ToWorker> {
  asTask(main)
  const maxMessage = asMaxMessage(options)
  refuseUnknown(options, WORKER_OPTIONS)
  const { signal, limits } = options
  const task = asTaskOptions({ signal, limits })
  const isPiped = asStdio(options.stdio) === 'pipe'
  task.signal?.throwIfAborted()
  const stdio = isPiped ? new StdioPipes() : undefined
  try {
    return new ForkedWorker<FromWorker, ToWorker>(main, { task, maxMessage, stdio })
  } catch (error) {
    stdio?.close()
    throw error
  }
}
