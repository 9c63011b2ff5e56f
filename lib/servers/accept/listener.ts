// A listening socket: its address, who else may have it, and what must be undone when it closes.
import { fstatSync } from 'node:fs'
import { F_GETFL, F_SETFL, fcntl, O_APPEND, O_NONBLOCK } from '../../posix/fcntl.js'
import { AF_INET6, type SocketAddress } from '../../posix/socket/socket-address.js'
import { getsockname } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { keepInParent, release } from '../../fork/only-here.js'
import { fileAt, inodeOf, remove } from './socket-file.js'
import { boundUnixSockets } from './unix-sockets.js'

/** Where a TCP server listens, as net.Server.address() tells it. */
export interface TcpAddress {
  address: string
  family: 'IPv4' | 'IPv6'
  port: number
}

// A listener that another server has inherited has this flag, which means nothing to sockets, and which all that have the socket see.
const SHARED = O_APPEND

/** A listening socket and what must be undone when it closes. */
export class Listener {
  readonly fd: number
  /** It was made by another process, which may still listen on it. */
  readonly inherited: boolean
  readonly #path: string | undefined
  readonly #inode: string | undefined
  // Of the socket's file, and of the socket: what tells whether the last server on it has gone.
  readonly #file: string | undefined
  readonly #socket: string
  readonly #address: TcpAddress | string | null
  #open = true
  #leavesFile = false

  constructor(fd: number, { path, inherited = false }: { path?: string; inherited?: boolean } = {}) {
    this.fd = fd
    this.inherited = inherited
    this.#address = describe(getsockname(fd))
    this.#path = path?.startsWith('\0') ? undefined : path
    this.#inode = this.#path === undefined ? undefined : inodeOf(this.#path)
    this.#file = this.#path === undefined ? undefined : fileAt(this.#path)
    this.#socket = String(fstatSync(fd, { bigint: true }).ino)
    if (inherited) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | SHARED)
    keepInParent(fd)
  }

  /** Other processes may listen on the same socket: it must not be shut down, only closed. */
  get isShared(): boolean {
    return this.inherited || (fcntl(this.fd, F_GETFL) & SHARED) !== 0
  }

  /** As net.Server.address(): an object for TCP, the path of a Unix socket, null once closed. */
  address(): TcpAddress | string | null {
    return this.#open ? this.#address : null
  }

  /** Whether accept4 on the listener says at once that nobody is there, or blocks as in the C examples. */
  setNonBlocking(on: boolean): void {
    const flags = fcntl(this.fd, F_GETFL)
    fcntl(this.fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK)
  }

  get closed(): boolean {
    return !this.#open
  }

  /**
   * Closes the descriptor; removes the Unix socket's file if it is still the one made here. That of one that other servers may have goes later.
   * Idempotent.
   */
  close(): void {
    if (!this.#open) return
    this.#leavesFile = this.isShared
    this.#open = false
    // While the socket is open no other file can have its inode.
    if (
      !this.#leavesFile &&
      this.#path !== undefined &&
      this.#inode !== undefined &&
      inodeOf(this.#path) === this.#inode
    )
      remove(this.#path)
    release(this.fd)
    close(this.fd)
  }

  /** When no process of the server has it any more: removes the file that was left, unless another server has the socket. */
  removeIfLast(): void {
    if (!this.#leavesFile || this.#path === undefined || this.#file === undefined) return
    const sockets = boundUnixSockets()
    if (!sockets || sockets.some(({ inode }) => inode === this.#socket)) return
    if (fileAt(this.#path) === this.#file) remove(this.#path)
  }
}

function describe(address: SocketAddress): TcpAddress | string | null {
  if (address.path !== undefined)
    return typeof address.path === 'string' ? address.path : Buffer.from(address.path).toString()
  if (address.address === undefined) return null
  return { address: address.address, family: address.family === AF_INET6 ? 'IPv6' : 'IPv4', port: address.port }
}
