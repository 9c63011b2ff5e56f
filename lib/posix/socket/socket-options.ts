// getsockopt and setsockopt: which options hold more than an int, and how their bytes are read and written.
import { check, invalidArgType, outOfRange } from '../../errors.js'
import { constant, native, type ByteView } from '../../native.js'
import { asFd, asInteger, asSpan } from '../internal/arguments.js'
import { isMemory } from '../internal/memory-view.js'
import { addressBytes, AF_INET, AF_INET6 } from './socket-address.js'

declare const valueType: unique symbol
/** An option whose value is a T; every other one holds an int. */
export type SocketOption<T> = number & { readonly [valueType]: T }

/** SO_LINGER: whether close waits for unsent data, and for how many seconds; 0 seconds makes close reset the connection. */
export interface Linger {
  readonly onoff: boolean
  readonly linger: number
}

/** Who is at the other end of a Unix socket. */
export interface Credentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** A multicast group, and the interface by which it comes. */
export interface Membership {
  /** The group: '239.1.2.3', 'ff02::1:3'. */
  readonly multiaddr: string
  /** The interface's number; 0 (default): `address`, or the kernel's choice. */
  readonly ifindex?: number
  /** IPv4: an address of the interface. */
  readonly address?: string
}

export const SOL_SOCKET = constant('SOL_SOCKET')
export const SO_ACCEPTCONN = constant('SO_ACCEPTCONN')
/** The name of an interface; '' for any. */
export const SO_BINDTODEVICE = constant('SO_BINDTODEVICE') as SocketOption<string>
export const SO_BROADCAST = constant('SO_BROADCAST')
export const SO_BUSY_POLL = constant('SO_BUSY_POLL')
/** A number of 64 bits that no other socket of this machine has had. */
export const SO_COOKIE = constant('SO_COOKIE') as SocketOption<bigint>
export const SO_DOMAIN = constant('SO_DOMAIN')
export const SO_DONTROUTE = constant('SO_DONTROUTE')
export const SO_ERROR = constant('SO_ERROR')
export const SO_INCOMING_CPU = constant('SO_INCOMING_CPU')
export const SO_INCOMING_NAPI_ID = constant('SO_INCOMING_NAPI_ID')
export const SO_KEEPALIVE = constant('SO_KEEPALIVE')
export const SO_LINGER = constant('SO_LINGER') as SocketOption<Linger>
export const SO_MARK = constant('SO_MARK')
export const SO_LOCK_FILTER = constant('SO_LOCK_FILTER')
export const SO_MAX_PACING_RATE = constant('SO_MAX_PACING_RATE')
export const SO_NO_CHECK = constant('SO_NO_CHECK')
export const SO_OOBINLINE = constant('SO_OOBINLINE')
export const SO_PASSCRED = constant('SO_PASSCRED')
export const SO_PASSSEC = constant('SO_PASSSEC')
export const SO_PEEK_OFF = constant('SO_PEEK_OFF')
export const SO_PEERCRED = constant('SO_PEERCRED') as SocketOption<Credentials>
export const SO_PRIORITY = constant('SO_PRIORITY')
export const SO_PROTOCOL = constant('SO_PROTOCOL')
export const SO_RCVBUF = constant('SO_RCVBUF')
export const SO_RCVBUFFORCE = constant('SO_RCVBUFFORCE')
export const SO_RCVLOWAT = constant('SO_RCVLOWAT')
/** Milliseconds that a blocking receive or accept waits before it gives null; 0 for ever. */
export const SO_RCVTIMEO = constant('SO_RCVTIMEO')
export const SO_REUSEADDR = constant('SO_REUSEADDR')
export const SO_REUSEPORT = constant('SO_REUSEPORT')
export const SO_RXQ_OVFL = constant('SO_RXQ_OVFL')
export const SO_SNDBUF = constant('SO_SNDBUF')
export const SO_SNDBUFFORCE = constant('SO_SNDBUFFORCE')
export const SO_SNDLOWAT = constant('SO_SNDLOWAT')
/** Milliseconds that a blocking send waits before it gives null; 0 for ever. */
export const SO_SNDTIMEO = constant('SO_SNDTIMEO')
export const SO_TYPE = constant('SO_TYPE')
export const SO_TIMESTAMP = constant('SO_TIMESTAMP')
export const SO_TIMESTAMPNS = constant('SO_TIMESTAMPNS')
export const SO_ZEROCOPY = constant('SO_ZEROCOPY')

interface Codec {
  readonly size: number
  decode(bytes: Uint8Array): unknown
  encode?(value: unknown): Uint8Array
}

const bytesOf = (values: Int32Array | BigInt64Array): Uint8Array => new Uint8Array(values.buffer)
const intAt = (bytes: Uint8Array, index: number): number => new DataView(bytes.buffer).getInt32(index * 4, true)

const int: Codec = {
  size: 4,
  // A few options (IP_MULTICAST_TTL ...) give one byte.
  decode: (bytes) => (bytes.length < 4 ? (bytes[0] ?? 0) : intAt(bytes, 0)),
}

const linger: Codec = {
  size: 8,
  decode: (bytes): Linger => ({ onoff: intAt(bytes, 0) !== 0, linger: intAt(bytes, 1) }),
  encode: (value) => {
    const { onoff, linger } = (value ?? {}) as Linger
    return bytesOf(Int32Array.of(Number(Boolean(onoff)), asInteger('value.linger', linger ?? 0, 0)))
  },
}

const milliseconds: Codec = {
  size: 16,
  decode: (bytes) => {
    const [seconds, micros] = new BigInt64Array(bytes.buffer)
    return Number(seconds) * 1000 + Number(micros) / 1000
  },
  encode: (value) => {
    // Rounded up, so that a time above 0 does not become 0, which means for ever.
    const micros = BigInt(Math.ceil(asMilliseconds(value) * 1000))
    return bytesOf(BigInt64Array.of(micros / 1_000_000n, micros % 1_000_000n))
  },
}

function asMilliseconds(value: unknown): number {
  if (typeof value !== 'number') throw invalidArgType('value', 'of type number', value)
  if (!(value >= 0 && value <= 1e12)) throw outOfRange('value', 'a number of milliseconds from 0 to 1e12', value)
  return value
}

const credentials: Codec = {
  size: 12,
  decode: (bytes): Credentials => ({ pid: intAt(bytes, 0), uid: intAt(bytes, 1) >>> 0, gid: intAt(bytes, 2) >>> 0 }),
}

const text: Codec = {
  size: 256,
  decode: (bytes) => Buffer.from(bytes).toString().split('\0')[0],
}

const cookie: Codec = {
  size: 8,
  decode: (bytes) => new BigUint64Array(bytes.buffer)[0],
}

// struct ip_mreqn, and struct ipv6_mreq, which has the interface's number only.
const membership = (family: number): Codec => ({
  size: family === AF_INET ? 12 : 20,
  decode: (bytes) => Buffer.from(bytes),
  encode: (value) => {
    if (typeof value !== 'object' || value === null) throw invalidArgType('value', 'of type object', value)
    const { multiaddr, ifindex = 0, address = '0.0.0.0' } = value as Membership
    const group = addressBytes(family, multiaddr, 'value.multiaddr')
    const from = family === AF_INET ? addressBytes(family, address, 'value.address') : new Uint8Array(0)
    return Buffer.concat([group, from, bytesOf(Int32Array.of(asInteger('value.ifindex', ifindex, 0)))])
  },
})

const ofSocketLevel = new Map<number, Codec>([
  [SO_LINGER, linger],
  [SO_RCVTIMEO, milliseconds],
  [SO_SNDTIMEO, milliseconds],
  [SO_PEERCRED, credentials],
  [SO_BINDTODEVICE, text],
  [SO_COOKIE, cookie],
])
const ofTcpLevel = new Map<number, Codec>([[constant('TCP_CONGESTION'), text]])

const ofIpLevel = new Map<number, Codec>([
  [constant('IP_ADD_MEMBERSHIP'), membership(AF_INET)],
  [constant('IP_DROP_MEMBERSHIP'), membership(AF_INET)],
])
const ofIpv6Level = new Map<number, Codec>([
  [constant('IPV6_ADD_MEMBERSHIP'), membership(AF_INET6)],
  [constant('IPV6_DROP_MEMBERSHIP'), membership(AF_INET6)],
])
const ofLevel = new Map([
  [SOL_SOCKET, ofSocketLevel],
  [constant('IPPROTO_TCP'), ofTcpLevel],
  [constant('IPPROTO_IP'), ofIpLevel],
  [constant('IPPROTO_IPV6'), ofIpv6Level],
])

const codecOf = (level: number, name: number): Codec => ofLevel.get(level)?.get(name) ?? int

/**
 * Asks for an option of a socket.
 *
 * @param fd a socket, borrowed
 * @param level SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP, IPPROTO_IPV6 ...
 * @param name the option
 * @param size with it, the option's raw bytes are given, at most so many (TCP_INFO and other structures)
 * @returns a number for most; SO_LINGER `{ onoff, linger }`, SO_RCVTIMEO and SO_SNDTIMEO milliseconds, SO_PEERCRED
 *   `{ pid, uid, gid }`, SO_BINDTODEVICE and TCP_CONGESTION a string, SO_COOKIE a bigint
 * @throws ErrnoError EBADF, ENOTSOCK, ENOPROTOOPT, EINVAL; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 getsockopt, man 7 socket
 */
export function getsockopt<T>(fd: number, level: number, name: SocketOption<T>): T
export function getsockopt(fd: number, level: number, name: number): number
export function getsockopt(fd: number, level: number, name: number, size: number): Buffer
export function getsockopt(fd: number, level: number, name: number, size?: number): unknown {
  const codec = codecOf(asInteger('level', level), asInteger('name', name))
  const bytes = new Uint8Array(size === undefined ? codec.size : asInteger('size', size, 0, 0x10000))
  const filled = check(native.getsockopt(asFd(fd), level, name, bytes), 'getsockopt')
  if (size !== undefined) return Buffer.from(bytes.buffer, 0, filled)
  return codec.decode(bytes.slice(0, filled))
}

/**
 * Sets an option of a socket.
 *
 * @param fd a socket, borrowed
 * @param level SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP, IPPROTO_IPV6 ...
 * @param name the option
 * @param value a number or boolean, an option's own shape as getsockopt gives it, a Membership for IP_ADD_MEMBERSHIP and its kin, a string, or the raw bytes of a C structure
 * @throws ErrnoError EBADF, ENOTSOCK, ENOPROTOOPT, EINVAL, EPERM, EDOM; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 setsockopt, man 7 socket
 */
export function setsockopt(
  fd: number,
  level: number,
  name: number,
  value: number | boolean | string | Linger | Membership | ByteView,
): void {
  const codec = codecOf(asInteger('level', level), asInteger('name', name))
  check(native.setsockopt(asFd(fd), level, name, encode(codec, value)), 'setsockopt')
}

function encode(codec: Codec, value: unknown): ByteView {
  if (typeof value === 'string') return Buffer.from(value)
  if (isMemory(value)) return asSpan(value, 0, undefined, 'value').view
  if (codec.encode) return codec.encode(value)
  // Options are signed or unsigned; both have the same 32 bits.
  return Int32Array.of(asInteger('value', typeof value === 'boolean' ? Number(value) : value, -(2 ** 31), 2 ** 32 - 1))
}
