// A template as vitest sees it: a process that has vitest's worker loaded and warmed, and forks a child of it for each file.
import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { codedError } from '../../errors.js'
import { AF_UNIX, SOCK_STREAM, socketpair } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { forkedChannel, ForkedPort } from '../messages/forked-port.js'
import type { Command, TemplateReport, WorkerMessage } from './protocol.js'

export interface TemplateOptions {
  readonly distPath: string
  readonly execArgv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly stdout: Writable
  readonly stderr: Writable
}

interface ChildEvents {
  message: [message: WorkerMessage]
  exit: [code: number | null, signal: NodeJS.Signals | null]
}

// Milliseconds in which what a child has sent before its end is taken in, though another process has its end of the channel.
const LONGEST_WAIT = 1000

const gone = (why: string): Error =>
  codedError(Error, 'ERR_POSIX_ASYNC_CHILD', `the template of vitest's workers ${why}`)

/** A child of a template, which runs a file. */
export class TemplateChild extends EventEmitter<ChildEvents> {
  readonly ended: Promise<void>
  readonly #link: ForkedPort<WorkerMessage, WorkerMessage>
  readonly #kill: (signal: NodeJS.Signals) => void
  #isOver = false
  #hasDisconnected = false

  constructor(link: ForkedPort<WorkerMessage, WorkerMessage>, kill: (signal: NodeJS.Signals) => void) {
    super()
    this.#link = link
    this.#kill = kill
    this.ended = new Promise((resolve) => this.once('exit', () => resolve()))
    link.on('message', (message: WorkerMessage) => void this.emit('message', message))
    link.on('error', () => kill('SIGKILL'))
    link.once('disconnect', () => (this.#hasDisconnected = true))
  }

  send(message: WorkerMessage): void {
    if (this.#link.connected && !this.#isOver) this.#link.send(message)
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#isOver) this.#kill(signal)
  }

  /** What it has sent before its end is told first. */
  async over(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    if (!this.#hasDisconnected) await Promise.race([once(this.#link, 'disconnect'), pause(LONGEST_WAIT)])
    this.#link.close()
    this.emit('exit', code, signal)
  }
}

export class Template {
  readonly #process: ChildProcess
  readonly #port: ForkedPort<TemplateReport, Command>
  readonly #children = new Map<number, TemplateChild>()
  readonly #forks = new Map<number, (error?: Error) => void>()
  #told: ((told: TemplateReport | undefined) => void) | undefined
  #rpc: (message: WorkerMessage) => void = () => {}
  #failure: Error | undefined
  #lastId = 0

  /** @throws ErrnoError EMFILE */
  constructor({ distPath, execArgv, env, stdout, stderr }: TemplateOptions) {
    const [own, theirs] = socketpair(AF_UNIX, SOCK_STREAM)
    this.#port = new ForkedPort<TemplateReport, Command>(own)
    const program = fileURLToPath(new URL('template-process.js', import.meta.url))
    this.#process = spawn(process.execPath, [...execArgv, program, join(distPath, 'worker.js')], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', theirs],
    })
    close(theirs)
    this.#process.unref()
    connect(this.#process.stdout!, stdout)
    connect(this.#process.stderr!, stderr)
    this.#port.on('message', (told: TemplateReport) => this.#hear(told))
    this.#port.on('error', (error) => this.#over(error))
    this.#process.once('error', (error) => this.#over(error))
    this.#process.once('exit', (code, signal) => this.#over(gone(`has ended with ${signal ?? code}`)))
    this.#port.unref()
  }

  get usable(): boolean {
    return !this.#failure
  }

  /**
   * Has it do these requests of vitest's, and drops what it reports.
   * @param rpc is told of its calls, which `answer` answers
   * @throws (rejects) why it can't
   */
  async warm(requests: readonly WorkerMessage[], rpc: (message: WorkerMessage) => void): Promise<void> {
    this.#rpc = rpc
    await this.#ask({ kind: 'warm', requests })
  }

  /** Has it load modules. Gives those that each file must load itself: a template that has loaded them is of no use. */
  async preload(urls: readonly string[]): Promise<readonly string[]> {
    const told = await this.#ask({ kind: 'preload', urls })
    return told.kind === 'preloaded' ? told.unfit : []
  }

  // One after the other.
  async #ask(command: Command): Promise<TemplateReport> {
    if (this.#failure) throw this.#failure
    this.#port.ref()
    const told = new Promise<TemplateReport | undefined>((resolve) => (this.#told = resolve))
    this.#port.send(command)
    const answer = await told
    this.#port.unref()
    if (!answer) throw this.#failure ?? gone('has ended')
    return answer
  }

  answer(message: WorkerMessage): void {
    if (this.#port.connected) this.#port.send({ kind: 'rpc', message })
  }

  /** @throws (rejects) why none could be forked */
  async fork(poolId: number): Promise<TemplateChild> {
    if (this.#failure) throw this.#failure
    const id = ++this.#lastId
    const [own, theirs] = forkedChannel<WorkerMessage, WorkerMessage>()
    const child = new TemplateChild(own, (signal) => this.#tell({ kind: 'kill', id, signal }))
    this.#children.set(id, child)
    const forked = new Promise<Error | undefined>((resolve) => this.#forks.set(id, resolve))
    this.#port.send({ kind: 'fork', id, poolId }, [theirs])
    const failure = await forked
    if (!failure) return child
    await child.over(null, null)
    throw failure
  }

  #tell(command: Command): void {
    if (this.#port.connected) this.#port.send(command)
  }

  #hear(told: TemplateReport): void {
    if (told.kind === 'warm' || told.kind === 'preloaded') this.#told?.(told)
    else if (told.kind === 'rpc') this.#rpc(told.message)
    else if (told.kind === 'forked') this.#settle(told.id)
    else {
      this.#settle(told.id, gone(`could not fork: ${told.message ?? 'the child has ended'}`))
      void this.#children.get(told.id)?.over(told.code, told.signal)
      this.#children.delete(told.id)
    }
  }

  #settle(id: number, error?: Error): void {
    this.#forks.get(id)?.(error)
    this.#forks.delete(id)
  }

  #over(error: Error): void {
    this.#failure ??= error
    this.#told?.(undefined)
    for (const id of [...this.#forks.keys()]) this.#settle(id, this.#failure)
    for (const child of this.#children.values()) void child.over(null, 'SIGKILL')
    this.#children.clear()
    this.#port.close()
  }

  /** Ends it, and with it what is left of its children. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    this.#failure ??= gone('was closed')
    this.#port.disconnect()
    if (exitCode === null && signalCode === null) await once(this.#process, 'exit')
  }
}

function connect(from: Readable, to: Writable): void {
  to.setMaxListeners(to.getMaxListeners() + 1)
  from.pipe(to, { end: false })
  from.once('close', () => to.setMaxListeners(to.getMaxListeners() - 1))
  ;(from as Readable & { unref?: () => void }).unref?.()
}
