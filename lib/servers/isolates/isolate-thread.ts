// An isolate of threadServer, seen from inside: the whole life of a Worker that accepts on its own thread and serves by a module.
import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import { pack, type Packed } from '../../fork/packed-error.js'
import { POLLIN } from '../../posix/poll.js'
import { loopDescriptor, loopIsAlive } from '../../posix/event-loop/watch.js'
import type { Accepted } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { lookUntil } from '../../posix/event-loop/look-until.js'
import { AcceptLoop } from '../serving/accept-loop.js'
import { knownHandler } from '../handler.js'
import { serveHttp } from '../serving/http-connections.js'
import { IsolateCell, IsolateFlags } from './isolate-state.js'
import { Counters } from '../serving/counters.js'
import { processServer, type ProcessHandler, type ProcessServer } from '../serving/process-handler.js'
import { asError, type Client } from '../model.js'

/** What an isolate has from the main thread. */
export interface IsolateSetup {
  /** Of the module whose default export is the handler. */
  readonly url: string
  /** The listener, which does not block; the main thread closes it. */
  readonly listener: number
  /** Readable, for all isolates, when they are to end. */
  readonly stop: number
  readonly maxConnections: number
  readonly idleTimeout: number
  readonly tally: SharedArrayBuffer
  readonly flags: SharedArrayBuffer
  readonly cell: SharedArrayBuffer
}

/** What it tells: it serves; it could not begin to; it has a client; a client's connection failed. */
export type IsolateReport = { ready: true } | { failure: Packed } | { client: Client; error?: Packed }

const tell = (report: IsolateReport): void => parentPort!.postMessage(report)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class Isolate {
  readonly #setup: IsolateSetup
  readonly #tally: Counters
  readonly #flags: IsolateFlags
  readonly #cell: IsolateCell

  constructor(setup: IsolateSetup) {
    this.#setup = setup
    this.#tally = new Counters(setup.tally)
    this.#flags = new IsolateFlags(setup.flags)
    this.#cell = new IsolateCell(setup.cell)
  }

  async serve(handler: ProcessHandler): Promise<void> {
    if (handler.kind === 'http') return this.#serveHttp(handler)
    const server = processServer(handler)
    tell({ ready: true })
    await this.#serveOneByOne(server)
    server.stop()
  }

  #serveHttp(handler: Extract<ProcessHandler, { kind: 'http' }>): Promise<void> {
    const { listener: fd, stop, maxConnections, idleTimeout } = this.#setup
    const host = { listener: { fd, setNonBlocking: () => {} }, maxConnections, idleTimeout }
    const share = {
      connected: (client: Client) => this.#connected(client),
      isFull: () => this.#isFull(),
      refuse: ({ fd }: Accepted) => this.#reject(fd),
      failed: (client: Client, error: Error) => this.#failed(client, error),
      begin: () => () => {},
      isDone: () => false,
    }
    const served = serveHttp({ host, control: stop, tally: this.#tally }, share, handler.application)
    tell({ ready: true })
    return served
  }

  async #serveOneByOne(server: ProcessServer): Promise<void> {
    const { listener, stop } = this.#setup
    const ending = { fd: stop, asked: () => this.#flags.closing }
    const loop = new AcceptLoop({ fd: listener }, ending, this.#tally, true, loopDescriptor())
    this.#cell.leave(loop.descriptor)
    for (;;) {
      const accepted = await this.#next(loop)
      if (accepted === null) break
      if (accepted) await this.#serveOne(server, accepted)
    }
  }

  // Blocks in accept, where nothing else is under way here; where the handler has left something under way, that goes on meanwhile.
  async #next(loop: AcceptLoop): Promise<Accepted | null | undefined> {
    const { listener, stop } = this.#setup
    if (loopIsAlive()) {
      const either = [listener, stop].map((fd) => [fd, POLLIN] as const)
      return lookUntil(() => loop.next(false), either, -1)
    }
    const accepted = loop.next()
    if (accepted === undefined) await turn()
    return accepted
  }

  async #serveOne(server: ProcessServer, { fd, address }: Accepted): Promise<void> {
    this.#cell.hold(fd)
    const client = { remoteAddress: address.address, remotePort: address.port }
    if (this.#isFull()) return this.#reject(fd)
    const disconnected = this.#connected(client)
    const { idleTimeout } = this.#setup
    try {
      const releasing = (): void => this.#cell.release()
      const served = server.serve(fd, address, { idleTimeout, tally: this.#tally, releasing })
      if (served) await served
    } catch (error) {
      this.#failed(client, asError(error))
    }
    disconnected()
  }

  #isFull(): boolean {
    return this.#tally.get('active') >= this.#setup.maxConnections
  }

  #failed(client: Client, error: Error): void {
    this.#tally.add('errors')
    tell({ client, error: pack(error) })
  }

  #reject(fd: number): void {
    this.#tally.add('accepted')
    this.#tally.add('rejected')
    this.#cell.release()
    close(fd)
  }

  #connected(client: Client): () => void {
    this.#tally.add('accepted')
    this.#tally.add('active')
    this.#cell.addActive(1)
    if (this.#flags.wantsConnections)
      tell({ client: { remoteAddress: client.remoteAddress, remotePort: client.remotePort } })
    return () => {
      this.#tally.add('active', -1)
      this.#cell.addActive(-1)
    }
  }
}

async function live(): Promise<void> {
  const [setup] = (await once(parentPort!, 'message')) as [IsolateSetup]
  let handler: ProcessHandler
  try {
    const module = (await import(setup.url)) as { default?: unknown }
    handler = knownHandler(module.default, 'an isolate of threadServer', ['function', 'native', 'http'])
  } catch (error) {
    return tell({ failure: pack(asError(error)) })
  }
  await new Isolate(setup).serve(handler)
}

void live()
