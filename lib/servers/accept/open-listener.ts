// Opens a listening socket: TCP or Unix, made here, inherited, or given by systemd.
import { lookup } from 'node:dns/promises'
import { isAbsolute } from 'node:path'
import { codedError, invalidArgType, invalidArgValue, type ErrnoError } from '../../errors.js'
import { asFd, asInteger } from '../../posix/internal/arguments.js'
import { F_SETFD, fcntl, FD_CLOEXEC } from '../../posix/fcntl.js'
import { IPPROTO_IPV6, IPPROTO_TCP, IPV6_V6ONLY } from '../../posix/netinet-in.js'
import { TCP_NODELAY } from '../../posix/netinet-tcp.js'
import { AF_INET, AF_INET6, AF_UNIX, type SocketAddress } from '../../posix/socket/socket-address.js'
import {
  getsockopt,
  setsockopt,
  SO_ACCEPTCONN,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOL_SOCKET,
} from '../../posix/socket/socket-options.js'
import { bind, getsockname, listen, SOCK_STREAM, socket } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { Listener } from './listener.js'
import { bindPrivately, inodeOf, openUp, remove } from './socket-file.js'
import { inPlaceOfStale } from './stale-socket.js'

/** Where a server listens, as with node:net. */
export interface ListenOptions {
  /** TCP port; 0 (default) lets the kernel choose. */
  port?: number
  /** Address or name to listen on (default: all addresses, IPv6 and IPv4). */
  host?: string
  /**
   * Unix socket, instead of `port` and `host`; '\0name' is an abstract one. A file that a killed server has left is replaced, where a connection
   * to it is refused (ECONNREFUSED); that of a server that lives is in use (EADDRINUSE).
   */
  path?: string
  /** Whether every user may read or write (connecting takes writing) a Unix socket's file, whose mode is 0o700 otherwise. */
  readableAll?: boolean
  writableAll?: boolean
  /** How many connections may wait to be accepted (default 511; the kernel's net.core.somaxconn caps it). */
  backlog?: number
  /** No IPv4 on an IPv6 address (default false). */
  ipv6Only?: boolean
  /** SO_REUSEPORT: several processes listen, and the kernel shares the connections out (default false). */
  reusePort?: boolean
  /**
   * TCP_NODELAY: what a handler writes is sent at once, also while the client has not acknowledged what was sent before (default
   * true, as in node:http). A listener that was inherited keeps what it has.
   */
  noDelay?: boolean
  /** A listening descriptor that this process inherited, or 'systemd' for the first of LISTEN_FDS. The server owns it. */
  fd?: number | 'systemd'
}

const DEFAULT_BACKLOG = 511
const SYSTEMD_FIRST_FD = 3

/** Opens what `options` ask for. Throws EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND ..., with the address. */
export async function openListener(options: ListenOptions): Promise<Listener> {
  const { path, host, port = 0, fd } = checked(options)
  const backlog = asInteger('options.backlog', options.backlog ?? DEFAULT_BACKLOG, 0)
  if (fd !== undefined) return inherit(fd === 'systemd' ? systemdFd() : asFd(fd, 'options.fd'), backlog)
  if (path?.startsWith('\0')) return openUnix(path, backlog, options)
  if (path !== undefined) return inPlaceOfStale(path, () => openUnix(path, backlog, options))
  return openTcp(asInteger('options.port', port, 0, 65535), host, backlog, options)
}

// Bad options are refused before any system call.
function checked(options: ListenOptions): ListenOptions {
  for (const name of ['host', 'path'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'string')
      throw invalidArgType(`options.${name}`, 'of type string', value)
  }
  for (const name of ['ipv6Only', 'reusePort', 'noDelay', 'readableAll', 'writableAll'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'boolean') {
      throw invalidArgType(`options.${name}`, 'of type boolean', value)
    }
  }
  if (options.path === '') throw invalidArgValue('options.path', 'must not be empty', '')
  return options
}

async function openTcp(port: number, host: string | undefined, backlog: number, options: ListenOptions) {
  if (host) {
    const { address, family } = await lookup(host)
    return listenOn({ family: family === 6 ? AF_INET6 : AF_INET, address, port }, backlog, options)
  }
  try {
    return listenOn({ family: AF_INET6, address: '::', port }, backlog, options)
  } catch (error) {
    const noIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes((error as ErrnoError).code)
    if (!noIpv6 || options.ipv6Only) throw error
    return listenOn({ family: AF_INET, address: '0.0.0.0', port }, backlog, options)
  }
}

// Runs `use`, and closes `fd` when it fails.
function closingOnError<T>(fd: number, use: () => T): T {
  try {
    return use()
  } catch (error) {
    close(fd)
    throw error
  }
}

// Accepted sockets inherit TCP_NODELAY.
function listenOn(address: SocketAddress, backlog: number, options: ListenOptions) {
  const { ipv6Only = false, reusePort = false, noDelay = true } = options
  const fd = socket(address.family, SOCK_STREAM)
  return closingOnError(fd, () => {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    if (reusePort) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, 1)
    if (noDelay) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1)
    if (address.family === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? 1 : 0)
    bind(fd, address)
    listen(fd, backlog)
    return new Listener(fd)
  })
}

// The file is born with no permissions for others (umask) and is opened up afterwards, never the other way round.
function openUnix(path: string, backlog: number, { readableAll, writableAll }: ListenOptions): Listener {
  const fd = socket(AF_UNIX, SOCK_STREAM)
  return closingOnError(fd, () => {
    bindPrivately(fd, path)
    const isFile = !path.startsWith('\0')
    const inode = isFile ? inodeOf(path) : undefined
    try {
      const mode = 0o700 | (readableAll ? 0o044 : 0) | (writableAll ? 0o022 : 0)
      if (isFile && mode !== 0o700) openUp(path, inode, mode)
      listen(fd, backlog)
      return new Listener(fd, { path })
    } catch (error) {
      if (inode !== undefined && inodeOf(path) === inode) remove(path)
      throw error
    }
  })
}

function inherit(fd: number, backlog: number): Listener {
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN) === 0) {
    // Bound but not listening yet: node:net takes that too.
    const { port, path } = getsockname(fd)
    if (!port && !path) throw invalidArgValue('options.fd', 'must be a listening socket', fd)
    listen(fd, backlog)
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC)
  const { path } = getsockname(fd)
  // A relative name is one of the folder that its maker was in.
  return new Listener(fd, { inherited: true, ...(typeof path === 'string' && isAbsolute(path) && { path }) })
}

// systemd's socket activation: descriptors from 3 on, for the process whose pid is LISTEN_PID. The variables are taken away so
// that no child believes they are for it. See: man 3 sd_listen_fds.
function systemdFd(): number {
  const { LISTEN_FDS, LISTEN_PID } = process.env
  const count = Number(LISTEN_FDS ?? 0)
  if (!(count >= 1) || Number(LISTEN_PID) !== process.pid) {
    const message = 'systemd passed no socket to this process (LISTEN_FDS, LISTEN_PID)'
    throw codedError(Error, 'ERR_POSIX_ASYNC_NO_SYSTEMD_SOCKET', message)
  }
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete process.env[name]
  for (let fd = SYSTEMD_FIRST_FD; fd < SYSTEMD_FIRST_FD + count; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC)
  return SYSTEMD_FIRST_FD
}
