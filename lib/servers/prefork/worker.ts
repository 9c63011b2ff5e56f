// A prefork worker, seen from its master.
import { codedError } from '../../errors.js'
import type { Child, ExitStatus } from '../../fork/child.js'
import { keepInParent, release } from '../../fork/only-here.js'
import { AF_UNIX } from '../../posix/socket/socket-address.js'
import { ReportReader, type ReportEvents } from '../../fork/report-channel.js'
import { MSG_DONTWAIT, send, SHUT_WR, shutdown, SOCK_SEQPACKET, socketpair } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { Deferred } from '../deferred.js'
import type { LifeReport, WorkerReport } from '../serving/child-reports.js'
import { now, Told, type Scoreboard, type ScoreboardEntry } from '../serving/scoreboard.js'
import type { WorkerInfo } from './worker-hooks.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

export type WorkerStatus = 'starting' | 'online' | 'stopping' | 'mold' | 'dead'

let keys = 0

/** What a worker is forked with. */
export interface WorkerEnds {
  /** The master's end of the socket between both. */
  readonly own: number
  /** The worker's. */
  readonly its: number
  readonly entry: ScoreboardEntry
  /** Of the memory of its entry. */
  readonly memory: number
}

/** One worker process of a prefork server. */
export class PreforkWorker implements WorkerInfo {
  /** The number of its place among the workers, from 0; its successor has the same. */
  readonly id: number
  /** How often the server had been reloaded or reforked when it was forked, plus 1. */
  readonly generation: number
  readonly startedAt = new Date()
  /** @internal Its number among all workers that this process ever had. */
  readonly key = ++keys
  /** @internal It was killed on purpose, or leaves because it has done its share: no crash. */
  leaves = false
  /** @internal Its connections were cut off on purpose: no errors. */
  cut = false
  /** @internal It was ended for what it sent, and that is told of one of its clients. */
  isExpelled = false
  readonly #cells: Scoreboard
  #entry: ScoreboardEntry | undefined
  #reader: ReportReader<WorkerReport> | undefined
  #status: WorkerStatus = 'starting'
  #requests = 0
  #child: Child | undefined
  // The master's end of the socket between both; -1 when closed. No more is sent when the worker is to leave.
  #control = -1
  #isToldToLeave = false
  #hasStarted = false
  #shallBeMold = false
  #hasAsked = false
  #killer: NodeJS.Timeout | undefined
  #ready = new Deferred()
  #failure: Error | undefined

  constructor(id: number, generation: number, cells: Scoreboard) {
    this.id = id
    this.generation = generation
    this.#cells = cells
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get status(): WorkerStatus {
    return this.#status
  }

  /** Connections (of HTTP: requests) that it has served. */
  get requestsCount(): number {
    return this.#entry?.life.get('requests') ?? this.#requests
  }

  /** @internal The master's end of the socket to it. */
  get control(): number {
    return this.#control
  }

  /**
   * @internal Forks it, and hears it from then on.
   * @param fork is given what the worker is to have
   * @throws (rejects) as fork does, and with nothing left of it
   */
  async launch(fork: (ends: WorkerEnds) => Promise<Child>, events: ReportEvents<WorkerReport>): Promise<Child> {
    let its = -1
    const { entry, fd: memory } = this.#cells.open()
    this.#entry = entry
    try {
      ;[this.#control, its] = socketpair(AF_UNIX, SOCK_SEQPACKET)
      keepInParent(this.#control)
      keepInParent(its)
      this.#child = await fork({ own: this.#control, its, entry, memory })
      this.#reader = new ReportReader(this.#control, events)
      return this.#child
    } catch (error) {
      this.#child?.kill('SIGKILL')
      await this.#child?.ended
      this.#release()
      throw error
    } finally {
      this.#cells.closeDescriptor(memory)
      closeEnd(its)
    }
  }

  /** @internal What it has told of its life; false where that cannot be. */
  told(report: LifeReport): boolean {
    if (report.is === 'mold') return this.#becameMold()
    if (report.is === 'leaving') return this.#isLeaving()
    if (this.#hasStarted) return false
    this.#hasStarted = true
    if (report.is === 'failed') {
      this.#failure = notReady(this, `could not start: ${report.error.message}`, report.error)
      return true
    }
    if (this.#status === 'starting') this.#status = 'online'
    this.#ready.resolve()
    return true
  }

  #becameMold(): boolean {
    if (!this.#shallBeMold) return false
    this.#shallBeMold = false
    this.#status = 'mold'
    this.#ready.resolve()
    return true
  }

  // Once, and one that was told to leave meanwhile may have said so already.
  #isLeaving(): boolean {
    if (!this.hasStarted || this.#hasAsked) return false
    this.#hasAsked = true
    this.leaves = true
    return true
  }

  /** @internal Whether it has told that it can serve. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /**
   * @internal Resolves when it can serve; after `becomeMold`, when others can be forked from it.
   * @throws (rejects) ERR_POSIX_ASYNC_WORKER where it could not start (its `cause` says why), died, or took longer than `timeout` milliseconds
   */
  async ready(timeout: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    let over = false
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        over = true
        resolve()
      }, timeout)
    })
    await Promise.race([this.#ready.promise, late])
    clearTimeout(timer)
    if (!over && this.#status !== 'dead') return
    this.kill()
    throw this.#failure ?? notReady(this, `was not ready within ${timeout} ms`)
  }

  /** @internal For how many milliseconds its oldest request has been in work. */
  busyFor(): number {
    const since = this.leaves ? 0 : (this.#entry?.life.get('busySince') ?? 0)
    return since === 0 ? 0 : now() - since
  }

  /** @internal It takes no more and leaves when what it has begun is done, in `grace` milliseconds at the latest. */
  stop(grace: number): void {
    if (this.#control < 0 || this.#isToldToLeave) return
    if (this.#status === 'online') this.#status = 'stopping'
    this.leaves = true
    this.#isToldToLeave = true
    this.#entry?.life.set('told', Told.leave)
    shutdown(this.#control, SHUT_WR) // which it sees as the end of the file; what it reports is still heard
    this.#killer ??= setTimeout(() => this.kill(), grace)
  }

  /** @internal It takes no more, and when what it has begun is done others can be forked from it. Wait with `ready`. */
  becomeMold(): void {
    this.#status = 'stopping'
    this.leaves = true
    this.#shallBeMold = true
    this.#ready = new Deferred()
    this.#entry?.life.set('told', Told.mold)
    this.#wake('mold')
  }

  // One that has closed its end, or reads nothing, is of no use.
  #wake(message: string): void {
    try {
      if (send(this.#control, message, MSG_DONTWAIT) === null) this.kill()
    } catch {
      this.kill()
    }
  }

  /** @internal */
  kill(): void {
    this.leaves = true
    this.cut = true
    this.#child?.kill('SIGKILL')
  }

  /** @internal It has sent what it may not: it is ended, as after a crash. Gives what is told of it. */
  expel(error: Error): Error {
    const { id, pid } = this
    const told = `worker ${id} (pid ${pid}) was ended: ${error.message}`
    this.#failure ??= notReady(this, 'was ended before it was ready', error)
    this.#reader?.close()
    this.isExpelled = true
    this.#child?.kill('SIGKILL')
    return codedError(Error, 'ERR_POSIX_ASYNC_REPORT', told, { cause: error })
  }

  /** @internal SIGABRT, and SIGKILL after `grace` milliseconds. */
  abort(grace: number): void {
    this.leaves = true
    this.#child?.kill('SIGABRT')
    clearTimeout(this.#killer)
    this.#killer = setTimeout(() => this.#child?.kill('SIGKILL'), grace)
  }

  /** @internal It has ended and was reaped: what it has left is heard. */
  drain(): void {
    this.#reader?.drain()
  }

  /** @internal The same, and then it is over. Gives how many connections it had. */
  over(status: ExitStatus): number {
    const active = this.#entry?.counters.get('active') ?? 0
    this.#failure ??= diedWith(this, status)
    this.#release()
    this.#ready.resolve()
    return active
  }

  #release(): void {
    this.#status = 'dead'
    clearTimeout(this.#killer)
    this.#reader?.close()
    closeEnd(this.#control)
    this.#control = -1
    if (!this.#entry) return
    this.#requests = this.#entry.life.get('requests')
    this.#cells.retire(this.#entry)
    this.#entry = undefined
  }
}

function closeEnd(fd: number): void {
  if (fd < 0) return
  release(fd)
  close(fd)
}

function notReady({ id }: PreforkWorker, why: string, cause?: Error): Error {
  const error = codedError(Error, 'ERR_POSIX_ASYNC_WORKER', `worker ${id} ${why}`)
  return cause ? Object.assign(error, { cause }) : error
}

function diedWith(worker: PreforkWorker, { code, signal }: ExitStatus): Error {
  return notReady(worker, `${signal ? `was killed by ${signal}` : `exited with code ${code}`} before it was ready`)
}
