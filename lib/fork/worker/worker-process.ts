// What the process of a worker does: its function runs with a port to the parent, then its event loop for as long as there is something to do.
import { _exit } from '../../posix/fork.js'
import { lastWords } from '../../posix/internal/last-words.js'
import { UNSETTLED } from '../child.js'
import { dieWithParent } from '../die-with-parent.js'
import { setLimits, type CheckedLimits } from '../limits.js'
import { thrownFrame } from '../messages/message-frames.js'
import { ForkedPort } from '../messages/forked-port.js'
import { closeParentFds, release } from '../only-here.js'
import type { StdioPipes } from './stdio.js'

/** What a worker's function is given: its end of the channel to the parent. */
export class WorkerPort<Received = unknown, Sent = unknown> extends ForkedPort<Received, Sent> {
  /** Tells what was thrown, waiting while the parent is behind. @internal */
  tellThrown(error: unknown): void {
    if (!this.connected) return lastWords(error)
    this.channel.sendFrame(thrownFrame(error, MOST_THROWN))
    this.channel.flush()
  }

  /** @internal */
  flush(): void {
    this.channel.flush()
  }
}

// Bytes that what was thrown may take.
const MOST_THROWN = 65_536

export interface WorkerMain {
  readonly main: (port: never) => unknown
  readonly parent: number
  readonly fd: number
  readonly stdio: StdioPipes | undefined
  readonly limits: CheckedLimits
  readonly maxMessage: number
  /** Whether it is not wanted any more. */
  readonly isAborted: () => boolean
}

/** One worker's process, from the fork to its end. */
export class WorkerProcess {
  readonly #job: WorkerMain
  #port: WorkerPort | undefined
  #isDone = false

  constructor(job: WorkerMain) {
    this.#job = job
  }

  /** In the child, first of all. */
  readonly live = (): void => {
    const { parent, fd, stdio, maxMessage, isAborted } = this.#job
    dieWithParent(parent)
    if (isAborted()) _exit(0) // between the call and the fork: the parent knows
    stdio?.install()
    release(fd)
    closeParentFds()
    process.exitCode = undefined
    const port = (this.#port = new WorkerPort(fd, { maxMessage }))
    process.on('exit', () => port.flush())
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => this.#uncaught(error))
    void this.#run(port)
  }

  async #run(port: WorkerPort): Promise<void> {
    try {
      setLimits(this.#job.limits)
      await this.#job.main(port as never)
      this.#isDone = true
    } catch (error) {
      this.#die(error)
    }
  }

  // Listeners that it has itself are its own affair.
  #uncaught(error: unknown): void {
    if (process.listenerCount('uncaughtException') === 1) this.#die(error)
  }

  #die(error: unknown): never {
    this.#port!.tellThrown(error)
    return process.exit(1)
  }

  /** In the child, when it has run out of events. */
  readonly idle = (): void => {
    this.#port?.flush()
    if (this.#isDone) process.exit()
    process.exit(UNSETTLED)
  }
}
