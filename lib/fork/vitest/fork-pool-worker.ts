// One of vitest's workers: a child that a template forks when there is a file to run. Where there is no template yet, or it cannot fork, one of
// vitest's own `forks`.
import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PoolOptions, PoolWorker, WorkerRequest } from 'vitest/node'
import type { Kind } from './kind.js'
import { isRequest, isResponse, response, type WorkerMessage } from './protocol.js'
import type { TemplateChild } from './template.js'
import { setTimeout } from '../../posix/internal/own-timers.js'

type Callback = (argument: never) => void

/** vitest's own kind of worker. */
export type Forks = new (options: PoolOptions) => PoolWorker

const KILL_AFTER = 500
const NO_TESTS = fileURLToPath(new URL('no-tests.js', import.meta.url))

export interface ForkPoolWorkerParts {
  readonly options: PoolOptions
  readonly kind: Kind
  readonly Forks: Forks
  /** Says once why there is no child of a template. */
  readonly notice: (error: unknown) => void
}

/** One of vitest's own, of whose file is learned what files depend on. */
export class LearningWorker implements PoolWorker {
  readonly name = 'fork'
  readonly cacheFs = true
  readonly #plain: PoolWorker
  readonly #kind: Kind

  constructor({ options, kind, Forks }: ForkPoolWorkerParts) {
    this.#plain = new Forks(options)
    this.#kind = kind
  }

  on(event: string, callback: Callback): void {
    this.#plain.on(event, callback as never)
  }

  off(event: string, callback: Callback): void {
    this.#plain.off(event, callback as never)
  }

  send(request: WorkerRequest): void {
    this.#kind.learn(request as unknown as WorkerMessage)
    this.#plain.send(request)
  }

  deserialize(data: unknown): unknown {
    return this.#plain.deserialize(data)
  }

  async start(): Promise<void> {
    await this.#plain.start()
    // Before vitest hears of it, and begins with the next file.
    this.#plain.on('message', (message: WorkerMessage) => {
      if (isResponse(message) && message['type'] === 'testfileFinished') this.#kind.isKnown = true
    })
  }

  stop(): Promise<void> {
    return this.#plain.stop()
  }
}

export class ForkPoolWorker implements PoolWorker {
  readonly name = 'fork'
  readonly cacheFs = true
  readonly #parts: ForkPoolWorkerParts
  readonly #events = new EventEmitter()
  #start: WorkerMessage | undefined
  #child: TemplateChild | undefined
  #plain: PoolWorker | undefined
  #isForking = false
  #isStopped = false

  constructor(parts: ForkPoolWorkerParts) {
    this.#parts = parts
  }

  on(event: string, callback: Callback): void {
    this.#events.on(event, callback as never)
  }

  off(event: string, callback: Callback): void {
    this.#events.off(event, callback as never)
  }

  deserialize(data: unknown): unknown {
    return data
  }

  start(): Promise<void> {
    return Promise.resolve() // with the first file
  }

  send(request: WorkerRequest): void {
    const message = request as unknown as WorkerMessage
    this.#parts.kind.learn(message)
    if (this.#plain) return this.#plain.send(request)
    if (this.#child) return this.#child.send(message)
    if (!isRequest(message)) return this.#isForking ? this.#parts.kind.answer(message) : undefined
    if (message['type'] === 'start') {
      this.#start = message
      return this.#respond('started')
    }
    if (message['type'] === 'stop') return this.#respond('stopped')
    void this.#begin(message).catch((error: unknown) => this.#events.emit('error', error))
  }

  #respond(type: string): void {
    setImmediate(() => this.#events.emit('message', response(type)))
  }

  async #begin(request: WorkerMessage): Promise<void> {
    this.#isForking = true
    try {
      const poolId = Number(this.#start!['poolId'])
      const rpc = (message: WorkerMessage): void => void this.#events.emit('message', message)
      this.#adopt(await this.#parts.kind.fork(poolId, { requests: this.#warmingRequests(request), rpc }))
    } catch (error) {
      this.#parts.notice(error)
      return await this.#fallBack(request)
    } finally {
      this.#isForking = false
    }
    this.#child?.send(request)
  }

  // As for a file without a test: what it does beside that is done for all files.
  #warmingRequests(request: WorkerMessage): WorkerMessage[] {
    const context = { ...(request['context'] as object), files: [{ filepath: NO_TESTS }] }
    return [this.#start!, { ...request, type: 'collect', context }]
  }

  #adopt(child: TemplateChild): void {
    this.#child = child
    child.on('message', (message) => void this.#events.emit('message', message))
    child.on('exit', (code, signal) => {
      this.#child = undefined
      if (!this.#isStopped) this.#events.emit('exit', code, signal)
    })
    if (this.#isStopped) child.kill('SIGKILL')
  }

  async #fallBack(request: WorkerMessage): Promise<void> {
    const { Forks, options } = this.#parts
    const plain = new Forks(options)
    await plain.start()
    for (const event of ['error', 'exit']) plain.on(event, (argument) => void this.#events.emit(event, argument))
    const started = new Promise<WorkerMessage>((resolve) => {
      plain.on('message', (message: WorkerMessage) => {
        if (isResponse(message) && message['type'] === 'started') resolve(message)
        else this.#events.emit('message', message)
      })
    })
    this.#plain = plain
    plain.send(this.#start as unknown as WorkerRequest)
    const { error } = await started
    if (error !== undefined) throw error
    plain.send(request as unknown as WorkerRequest)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#plain) return void (await this.#plain.stop())
    const child = this.#child
    if (!child) return
    const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER)
    child.kill('SIGTERM')
    await child.ended
    clearTimeout(timer)
  }
}
