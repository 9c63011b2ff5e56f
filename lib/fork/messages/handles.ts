// Descriptors that travel beside a message: what may be sent, and what the receiver makes of them. See: man 7 unix for SCM_RIGHTS.
import { Server, Socket, type SocketConstructorOpts } from 'node:net'
import { codedError, invalidArgType } from '../../errors.js'
import { F_DUPFD_CLOEXEC, fcntl } from '../../posix/fcntl.js'
import { asFd, asList } from '../../posix/internal/arguments.js'
import { close } from '../../posix/unistd.js'
import { keepInParent, release } from '../only-here.js'
import { closeAll, MOST_FDS } from './frame-socket.js'

/** One that gives its descriptor away when it is sent, as a ForkedPort does. Internal. */
export interface Movable {
  /** @throws ERR_INVALID_STATE where it has been used */
  readonly movableFd: () => number
  readonly moved: () => void
}

/**
 * What can be sent beside a message: a descriptor's number or a `net.Server`, which stay the sender's own too; a `net.Socket` that nothing
 * was read from or is to be written to, a ForkedPort that was not used, or a ReceivedHandle, which are the receiver's from then on.
 */
export type SendHandle = number | Socket | Server | ReceivedHandle | Movable

interface Departing {
  readonly fd: number
  readonly moved?: () => void
}

const inUse = (what: string): Error =>
  codedError(Error, 'ERR_INVALID_STATE', `Invalid state: ${what} cannot be sent to another process`)

const fdOf = (owner: object): number => (owner as { _handle?: { fd?: number } })._handle?.fd ?? -1

function ofSocket(socket: Socket): Departing {
  const fd = fdOf(socket)
  if (fd < 0 || socket.destroyed) throw inUse('a socket that is not connected')
  if (socket.writableLength > 0) throw inUse('a socket with data that is not written yet')
  if (socket.readableLength > 0) throw inUse('a socket with data that was read and not consumed')
  return { fd, moved: () => void socket.destroy() }
}

function ofServer(server: Server): Departing {
  const fd = fdOf(server)
  if (fd < 0) throw inUse('a server that does not listen')
  return { fd }
}

const isMovable = (value: object): value is Movable => typeof (value as Partial<Movable>).movableFd === 'function'

function departing(value: unknown, name: string): Departing {
  if (typeof value === 'number') return { fd: asFd(value, name) }
  if (value instanceof Socket) return ofSocket(value)
  if (value instanceof Server) return ofServer(value)
  if (typeof value === 'object' && value !== null && isMovable(value)) {
    return { fd: value.movableFd(), moved: () => value.moved() }
  }
  throw invalidArgType(name, 'a descriptor, a net.Socket, a net.Server, a ForkedPort or a ReceivedHandle', value)
}

function duplicates(all: readonly Departing[]): number[] {
  const fds: number[] = []
  try {
    for (const { fd } of all) {
      const own = fcntl(fd, F_DUPFD_CLOEXEC, 0)
      fds.push(own)
      keepInParent(own)
    }
  } catch (error) {
    closeAll(fds)
    throw error
  }
  return fds
}

/** Handles on their way: `fds` are the frame's own, and `leave` has their senders forget what is the receiver's now. */
export interface Luggage {
  readonly fds: number[]
  readonly leave: () => void
}

const NOTHING: Luggage = { fds: [], leave: () => {} }

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE, ErrnoError EBADF, EMFILE; nothing has left then */
export function luggageOf(handles: unknown): Luggage {
  if (handles === undefined) return NOTHING
  const all = asList('handles', handles, departing, MOST_FDS)
  return { fds: duplicates(all), leave: () => all.forEach(({ moved }) => moved?.()) }
}

/** A descriptor that came beside a message. One that nobody takes is closed. */
export class ReceivedHandle implements Movable {
  #fd: number

  /** @internal */
  constructor(fd: number) {
    this.#fd = fd
    keepInParent(fd)
  }

  /** Its number; -1 once it was taken or closed. */
  get fd(): number {
    return this.#fd
  }

  /**
   * The number of the descriptor, which is the caller's from here on.
   * @throws ERR_INVALID_STATE where it was taken or closed
   */
  take(): number {
    const fd = this.movableFd()
    this.#fd = -1
    release(fd)
    return fd
  }

  /**
   * The same as a socket of node:net.
   * @throws ERR_INVALID_STATE; ERR_INVALID_FD_TYPE of node:net where it is neither a socket nor a pipe
   */
  toSocket(options: Omit<SocketConstructorOpts, 'fd'> = {}): Socket {
    const socket = new Socket({ readable: true, writable: true, ...options, fd: this.movableFd() })
    this.take()
    return socket
  }

  /** @internal */
  movableFd(): number {
    if (this.#fd < 0) throw inUse('a handle that was taken or closed')
    return this.#fd
  }

  /** @internal */
  moved(): void {
    this.close()
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd >= 0) close(this.take())
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
