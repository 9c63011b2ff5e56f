// Socket addresses, between what JavaScript knows and the bytes of a sockaddr. See: man 7 ip, ipv6, unix.
import { isUtf8 } from 'node:buffer'
import { constants } from 'node:os'
import { types } from 'node:util'
import { ErrnoError, invalidArgType, invalidArgValue, type ErrnoDetails } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asInteger } from '../internal/arguments.js'
import { byteLengthOf, bytesIn, isGone } from '../internal/memory-view.js'

export const AF_UNSPEC = constant('AF_UNSPEC')
export const AF_UNIX = constant('AF_UNIX')
export const AF_INET = constant('AF_INET')
export const AF_INET6 = constant('AF_INET6')
export const AF_NETLINK = constant('AF_NETLINK')
export const AF_PACKET = constant('AF_PACKET')
export const AF_VSOCK = constant('AF_VSOCK')

/** An IPv4 or IPv6 address and a port. */
export interface InetSocketAddress {
  /** AF_INET or AF_INET6. */
  readonly family: number
  /** The numeric address, '127.0.0.1' or '::1'; names are not resolved here. */
  readonly address: string
  /** 0 to 65535; 0 lets bind choose. */
  readonly port: number
  /** IPv6: the number of the interface of a link-local address (sin6_scope_id); left out where it is 0. */
  readonly scope?: number
  /** IPv6: sin6_flowinfo, in host byte order; left out where it is 0. */
  readonly flowinfo?: number
  readonly path?: undefined
  readonly data?: undefined
}

/** A Unix socket. */
export interface UnixSocketAddress {
  /** AF_UNIX. */
  readonly family: number
  /**
   * A file, an abstract name ('\0name'), or '' for a socket without a name. Bytes that are no UTF-8 are a Buffer, in what the kernel gives too;
   * any name may be given so.
   */
  readonly path: string | Uint8Array
  readonly address?: undefined
  readonly port?: undefined
  readonly data?: undefined
}

/** An address of any other family. */
export interface RawSocketAddress {
  readonly family: number
  /** What follows the family in the C structure (sockaddr_nl, sockaddr_ll, sockaddr_vm ...). */
  readonly data: Uint8Array
  readonly path?: undefined
  readonly address?: undefined
  readonly port?: undefined
}

/** The address of a socket, of any family. */
export type SocketAddress = InetSocketAddress | UnixSocketAddress | RawSocketAddress

/** Room for any address. */
export const SOCKADDR_STORAGE = 128
const SUN_PATH = 108

/** Takes an address from the kernel: a sockaddr_storage and a byte with its length. Read it at once: there is one a thread. */
export const addressOut = new Uint8Array(SOCKADDR_STORAGE + 4)

/** The address the last call left in `addressOut`, or null where it left none. */
export function receivedAddress(): SocketAddress | null {
  return addressOf(addressOut, addressOut[SOCKADDR_STORAGE]!)
}

/** The address in the first `length` bytes of a sockaddr, or null where there is none. */
export function addressOf(sockaddr: Uint8Array, length: number): SocketAddress | null {
  return length < 2 ? null : decode(sockaddr, length)
}

function decode(bytes: Uint8Array, length: number): SocketAddress {
  const family = bytes[0]! | (bytes[1]! << 8)
  switch (family) {
    case AF_INET:
      return { family, address: `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}`, port: portOf(bytes) }
    case AF_INET6:
      return decodeInet6(bytes)
    case AF_UNIX:
      return { family, path: decodePath(bytes.subarray(2, length)) }
    default:
      return { family, data: bytes.slice(2, length) }
  }
}

function portOf(bytes: Uint8Array): number {
  return (bytes[2]! << 8) | bytes[3]!
}

function decodeInet6(bytes: Uint8Array): InetSocketAddress {
  const fields = new DataView(bytes.buffer, bytes.byteOffset)
  const flowinfo = fields.getUint32(4)
  const scope = fields.getUint32(24, true)
  return {
    family: AF_INET6,
    address: native.inet_ntop(AF_INET6, bytes.subarray(8, 24)),
    port: portOf(bytes),
    ...(flowinfo && { flowinfo }),
    ...(scope && { scope }),
  }
}

// A file's path ends with a NUL byte, or fills all 108; an abstract name begins with one and has its exact length.
function decodePath(bytes: Uint8Array): string | Buffer {
  const end = bytes[0] === 0 ? bytes.length : bytes.indexOf(0)
  const name = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end))
  if (!isUtf8(name)) return name
  return name.length === 1 && name[0] === 0 ? '' : name.toString()
}

/** What an error tells about an address. */
export function detailsOf({ address, port, path }: SocketAddress): ErrnoDetails {
  return { address, port, path: path === undefined ? undefined : textOf(path) }
}

/**
 * The bytes of a sockaddr.
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE (not a numeric address), ERR_OUT_OF_RANGE (port), and an ErrnoError
 * ENAMETOOLONG with `path` where a Unix path has more than 107 bytes: the system call is not made, nothing is cut short
 */
export function encodeAddress(address: unknown, syscall: string): Uint8Array {
  if (typeof address !== 'object' || address === null) throw invalidArgType('address', 'of type object', address)
  const { family, path, data } = address as SocketAddress
  const number = asInteger('address.family', family, 0, 0xffff)
  if (number === AF_UNIX) return encodeUnix(path, syscall)
  if (number === AF_INET || number === AF_INET6) return encodeInet(address as InetSocketAddress)
  if (number === AF_UNSPEC && data === undefined) return sockaddr(AF_UNSPEC, 16)
  return encodeRaw(number, data)
}

function sockaddr(family: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  bytes[0] = family & 0xff
  bytes[1] = family >> 8
  return bytes
}

function encodeInet(from: InetSocketAddress): Uint8Array {
  const { family, address, port } = from
  const isInet6 = family === AF_INET6
  const bytes = sockaddr(family, isInet6 ? 28 : 16)
  const number = asInteger('address.port', port, 0, 0xffff)
  bytes[2] = number >> 8
  bytes[3] = number & 0xff
  bytes.set(addressBytes(family, address, 'address.address'), isInet6 ? 8 : 4)
  if (isInet6) encodeScope(bytes, from)
  return bytes
}

/** The bytes of a numeric address. @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE */
export function addressBytes(family: number, address: unknown, name: string): Uint8Array {
  if (typeof address !== 'string') throw invalidArgType(name, 'of type string', address)
  const bytes = new Uint8Array(family === AF_INET6 ? 16 : 4)
  if (address.includes('\0') || native.inet_pton(family, address, bytes) !== 1) {
    const kind = family === AF_INET6 ? 'IPv6 address (with its interface, if any, in "scope")' : 'IPv4 address'
    throw invalidArgValue(name, `must be a numeric ${kind}`, address)
  }
  return bytes
}

function encodeScope(bytes: Uint8Array, { flowinfo = 0, scope = 0 }: InetSocketAddress): void {
  const fields = new DataView(bytes.buffer)
  fields.setUint32(4, asInteger('address.flowinfo', flowinfo, 0, 0xffffffff))
  fields.setUint32(24, asInteger('address.scope', scope, 0, 0xffffffff), true)
}

const textOf = (path: string | Uint8Array): string => (typeof path === 'string' ? path : Buffer.from(path).toString())

function asName(path: unknown): Buffer {
  if (typeof path === 'string') return Buffer.from(path)
  if (!types.isUint8Array(path) || isGone(path)) {
    throw invalidArgType('address.path', 'of type string or an instance of Uint8Array', path)
  }
  return Buffer.from(bytesIn(path))
}

function encodeUnix(path: unknown, syscall: string): Uint8Array {
  const name = asName(path)
  const isAbstract = name[0] === 0
  if (!isAbstract && name.includes(0)) {
    throw invalidArgValue('address.path', 'must have a null byte only as its first, for an abstract name', path)
  }
  // A path in the file system is passed with the NUL byte at its end, an abstract name with its exact length.
  const size = isAbstract || name.length === 0 ? name.length : name.length + 1
  if (size > SUN_PATH) throw new ErrnoError(constants.errno.ENAMETOOLONG, syscall, { path: textOf(path as string) })
  const bytes = sockaddr(AF_UNIX, 2 + size)
  bytes.set(name, 2)
  return bytes
}

function encodeRaw(family: number, data: unknown): Uint8Array {
  if (!types.isUint8Array(data) || isGone(data)) {
    throw invalidArgType('address.data', 'an instance of Uint8Array', data)
  }
  const bytes = sockaddr(family, asInteger('address.data.length', byteLengthOf(data), 0, SOCKADDR_STORAGE - 2) + 2)
  bytes.set(data, 2)
  return bytes
}
