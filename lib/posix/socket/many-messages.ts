// sendmmsg and recvmmsg: many datagrams by one system call.
import { checkOrNull, invalidArgType } from '../../errors.js'
import { constant, native, type ByteView } from '../../native.js'
import { asData, asFd, asInteger, asList, asSpan, bytesOf } from '../internal/arguments.js'
import { addressOf, encodeAddress, SOCKADDR_STORAGE, type SocketAddress } from './socket-address.js'
import { IOV_MAX, piecesOf } from './socket-messages.js'

/** recvmmsg waits for the first message only, and takes of the others those that are there. */
export const MSG_WAITFORONE = constant('MSG_WAITFORONE')

const ROOM = constant('MMSG_ADDRESS_ROOM')

/** One of the messages that sendmmsg sends. */
export interface PlainMessage {
  /** Bytes, or several pieces that go out as one. */
  readonly data: string | ByteView | readonly (string | ByteView)[]
  /** Where to, on a socket that is not connected. */
  readonly address?: SocketAddress
}

/** One of the messages that recvmmsg received. */
export interface ReceivedMessage {
  /** How many bytes of its buffer it fills. */
  readonly bytes: number
  /** MSG_TRUNC and the like. */
  readonly flags: number
  /** The sender's address; `null` on a connected stream. */
  readonly address: SocketAddress | null
}

interface Checked {
  readonly pieces: Uint8Array[]
  readonly address: Uint8Array
}

function asMessage(message: unknown, name: string): Checked {
  if (typeof message !== 'object' || message === null) throw invalidArgType(name, 'of type object', message)
  const { data, address } = message as PlainMessage
  const to = address === undefined ? new Uint8Array(0) : encodeAddress(address, 'sendmmsg')
  return { pieces: piecesOf(`${name}.data`, data, asData), address: to }
}

/**
 * Sends several messages by one system call. Blocks the calling thread unless `fd` is O_NONBLOCK or MSG_DONTWAIT is given. Never raises
 * SIGPIPE (MSG_NOSIGNAL is always added).
 *
 * @param fd a socket, borrowed
 * @param messages up to 1024, each `{ data, address }`, of 1024 pieces at most together
 * @param flags MSG_DONTWAIT, MSG_MORE ... (default 0)
 * @returns how many bytes were taken of each message that was sent: fewer than there are messages where one would block, or failed after
 *   others; the next call tells why. `null` if the first would block
 * @throws ErrnoError as `sendmsg` does; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 sendmmsg
 */
export function sendmmsg(fd: number, messages: readonly PlainMessage[], flags = 0): number[] | null {
  const all = asList('messages', messages, asMessage, IOV_MAX)
  const addresses = new Uint8Array(all.length * ROOM)
  for (const [i, { address }] of all.entries()) addresses.set(address, i * ROOM)
  const shape = Int32Array.from(all.flatMap(({ pieces, address }) => [pieces.length, address.length]))
  const sizes = new Int32Array(all.length)
  const buffers = all.flatMap(({ pieces }) => pieces)
  asInteger('messages.pieces', buffers.length, 0, IOV_MAX)
  const how = asInteger('flags', flags) | constant('MSG_NOSIGNAL')
  const count = checkOrNull(native.sendmmsg(asFd(fd), how, shape, addresses, sizes, ...buffers), 'sendmmsg')
  return count === null ? null : [...sizes.subarray(0, count)]
}

/**
 * Receives several messages by one system call, each into a buffer of its own. Blocks the calling thread until all of the buffers are used,
 * unless MSG_WAITFORONE or MSG_DONTWAIT is given or `fd` is O_NONBLOCK. The time limit of C's call is left out: the kernel looks at it after
 * each message only, so that it does not end a wait.
 *
 * @param fd a socket, borrowed
 * @param buffers up to 1024, one a message
 * @param flags MSG_WAITFORONE, MSG_DONTWAIT, MSG_TRUNC ... (default 0)
 * @returns what came, one for each buffer that was used; `null` if it would block
 * @throws ErrnoError as `recvmsg` does; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_INVALID_STATE
 * @see man 2 recvmmsg
 */
export function recvmmsg(fd: number, buffers: readonly ByteView[], flags = 0): ReceivedMessage[] | null {
  const as = (piece: unknown, name: string): Uint8Array => bytesOf(asSpan(piece, 0, undefined, name))
  const rooms = asList('buffers', buffers, as, IOV_MAX)
  const [addresses, results] = [new Uint8Array(rooms.length * ROOM), new Int32Array(rooms.length * 2)]
  const how = asInteger('flags', flags) | constant('MSG_CMSG_CLOEXEC')
  const count = checkOrNull(native.recvmmsg(asFd(fd), how, addresses, results, ...rooms), 'recvmmsg')
  if (count === null) return null
  return Array.from({ length: count }, (_, i) => {
    const sockaddr = addresses.slice(i * ROOM, (i + 1) * ROOM)
    const address = addressOf(sockaddr, sockaddr[SOCKADDR_STORAGE]!)
    return { bytes: results[2 * i]!, flags: results[2 * i + 1]!, address }
  })
}
