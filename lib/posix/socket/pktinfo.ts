// Where a datagram came in, and where one is to go out: struct in_pktinfo and struct in6_pktinfo. See: man 7 ip (IP_PKTINFO), man 7 ipv6.
import { invalidArgType } from '../../errors.js'
import { native } from '../../native.js'
import { asInteger } from '../internal/arguments.js'
import { addressBytes, AF_INET, AF_INET6 } from './socket-address.js'

/** The interface of a datagram, and this machine's address in it. */
export interface Pktinfo {
  /** The interface's number; to send, 0 lets the kernel choose. */
  readonly ifindex: number
  /** This machine's address: the one to answer from, and to send from. */
  readonly specDst?: string
  /** The address in the datagram's header: the group, for a multicast. Received only. */
  readonly addr?: string
}

/** The bytes of either structure, by the kind of `specDst`. @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE */
export function encodePktinfo(info: unknown): Uint8Array {
  if (typeof info !== 'object' || info === null) throw invalidArgType('message.pktinfo', 'of type object', info)
  const { ifindex, specDst = '0.0.0.0' } = info as Pktinfo
  const number = new Uint8Array(Int32Array.of(asInteger('message.pktinfo.ifindex', ifindex, 0)).buffer)
  const isIpv6 = typeof specDst === 'string' && specDst.includes(':')
  const from = addressBytes(isIpv6 ? AF_INET6 : AF_INET, specDst, 'message.pktinfo.specDst')
  return Buffer.concat(isIpv6 ? [from, number] : [number, from, new Uint8Array(4)])
}

/** What the kernel gave. */
export function decodePktinfo(bytes: Buffer): Pktinfo {
  if (bytes.length === 12) {
    const [specDst, addr] = [4, 8].map((at) => native.inet_ntop(AF_INET, bytes.subarray(at, at + 4)))
    return { ifindex: bytes.readInt32LE(0), specDst: specDst!, addr: addr! }
  }
  const addr = native.inet_ntop(AF_INET6, bytes.subarray(0, 16))
  return { ifindex: bytes.readInt32LE(16), specDst: addr, addr }
}
