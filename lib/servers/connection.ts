// A client's connection as a handler sees it, and what all models' connections share.
import type { Socket } from 'node:net'
import { codedError, invalidArgType } from '../errors.js'
import { refuseGone } from '../posix/internal/arguments.js'
import { bytesIn } from '../posix/internal/memory-view.js'
import type { SocketAddress } from '../posix/socket/socket-address.js'

/** What `readSync` and `read` take at most when not told, in bytes. */
export const DEFAULT_READ = 65536

export type Data = string | ArrayBufferView

/** A connection, the same for all four servers. */
export interface Connection extends AsyncIterable<Buffer>, AsyncDisposable, Disposable {
  /** The descriptor, owned by the connection; -1 once closed or handed over. */
  readonly fd: number
  /** The client's numeric address; undefined on a Unix socket. */
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /**
   * Reads what is there, waiting for something: blocks this process or thread. Throws ERR_POSIX_ASYNC_BLOCKS_OTHERS where the handler
   * does not have one to itself.
   * @param max at most so many bytes (default 65536), or a view to fill
   * @returns a Buffer, or `null` at end of file; with a view: how many bytes, 0 at end of file
   * @throws ErrnoError ECONNRESET, ETIMEDOUT (idleTimeout) ...; ERR_STREAM_DESTROYED once closed
   */
  readSync(max?: number): Buffer | null
  readSync(view: ArrayBufferView): number
  /** Writes all of `data`: blocks this process or thread. Throws as readSync, and EPIPE where the client is gone. */
  writeSync(data: Data): void
  /**
   * As readSync, without blocking the event loop. With a view no buffer is made: memory stays constant however much is read. A
   * view that is detached meanwhile rejects with ERR_INVALID_STATE.
   */
  read(max?: number): Promise<Buffer | null>
  read(view: ArrayBufferView): Promise<number>
  /**
   * Resolves when the kernel has all of `data`: await it, and a slow client slows its own connection only; leave a view as it is until
   * then. Writes that are not awaited go out in order, before the end and the closing that come after them; that one of these failed is no
   * unhandled rejection.
   */
  write(data: Data): Promise<void>
  /** Sends end of file to the client, which may go on sending. */
  end(): void
  /** Closes the connection; idempotent. */
  close(): void
  /** Hands the descriptor over to a `net.Socket`, which owns it from then on; the handler's end no longer closes it. */
  toSocket(): Socket
}

/** A connection of an eventServer with callbacks: `write` queues and tells how much waits. */
export interface EventConnection {
  readonly fd: number
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** Anything the application wants to keep with the connection. */
  data: unknown
  /** Queues `chunk` (copied or written before the call returns); gives how many bytes wait, 0 when nothing does. */
  write(chunk: Data): number
  /** Sends what is queued, then end of file. */
  end(): void
  /** Closes now; what is queued is lost. */
  close(): void
  /** Stops and starts the delivery of data: back pressure on the client. */
  pause(): void
  resume(): void
  toSocket(): Socket
}

/** Counts bytes; shared between processes or threads where the model has several. */
export interface ByteTally {
  received(bytes: number): void
  sent(bytes: number): void
}

/** The bytes of what an application writes, as long as the engine says. Throws ERR_INVALID_ARG_TYPE, and ERR_INVALID_STATE where it is detached. */
export function asBytes(data: unknown): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  if (!ArrayBuffer.isView(data)) {
    throw invalidArgType('data', 'of type string or an instance of Buffer, TypedArray or DataView', data)
  }
  refuseGone(data, 'data')
  return bytesIn(data)
}

/** The error of any use of a connection after its end. */
export function closedError(): Error {
  return codedError(Error, 'ERR_STREAM_DESTROYED', 'the connection is closed')
}

/** The error of a read into a view that is no longer there. */
export function detachedError(): Error {
  return codedError(TypeError, 'ERR_INVALID_STATE', 'Invalid state: "view" is detached')
}

/** The bytes of a view that a read is to fill. Throws ERR_INVALID_STATE where it is detached. */
export function bytesToFill(view: ArrayBufferView): Uint8Array {
  refuseGone(view, 'view')
  return bytesIn(view)
}

/** What the kinds of connection have in common; a model defines how bytes move. */
export abstract class BaseConnection implements Connection {
  readonly #peer: SocketAddress | undefined

  constructor(peer: SocketAddress | undefined) {
    this.#peer = peer
  }

  get remoteAddress(): string | undefined {
    return this.#peer?.address
  }

  get remotePort(): number | undefined {
    return this.#peer?.port
  }

  abstract readonly fd: number
  abstract read(max?: number): Promise<Buffer | null>
  abstract read(view: ArrayBufferView): Promise<number>
  abstract write(data: Data): Promise<void>
  abstract end(): void
  abstract close(): void
  abstract toSocket(): Socket

  readSync(max?: number): Buffer | null
  readSync(view: ArrayBufferView): number
  readSync(_into?: number | ArrayBufferView): Buffer | number | null {
    return this.#refuse('readSync', 'read')
  }

  writeSync(_data: Data): void {
    this.#refuse('writeSync', 'write')
  }

  #refuse(name: string, instead: string): never {
    const message = `conn.${name} would stop every other client of this server; use "await conn.${instead}" here`
    throw codedError(Error, 'ERR_POSIX_ASYNC_BLOCKS_OTHERS', message)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) yield chunk
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}
