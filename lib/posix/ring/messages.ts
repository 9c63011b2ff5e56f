// Entries of a ring for messages: several pieces, and with them addresses, descriptors, credentials. Internal; io-uring.ts is their face.
import { namesOf } from '../internal/known-options.js'
import { constant, native, type ByteView } from '../../native.js'
import { asInteger } from '../internal/arguments.js'
import { controlOf, CONTROL_SIZE, readControl } from '../socket/control-messages.js'
import { asRingFile, type RingFile } from './sqe.js'
import { MessagePin, PinnedPieces } from './pinned-structs.js'
import type { OperationEntry, OperationOptions } from './operation.js'
import { addressOf, detailsOf, encodeAddress, SOCKADDR_STORAGE } from '../socket/socket-address.js'
import { checkTravellers, type IncomingMessage, type OutgoingMessage } from '../socket/socket-messages.js'
import type { Piece } from './transfers.js'
import { MSG_CMSG_CLOEXEC, MSG_NOSIGNAL } from '../sys-socket.js'

const IORING_OP_RECVMSG = constant('IORING_OP_RECVMSG')
const IORING_OP_SENDMSG = constant('IORING_OP_SENDMSG')

/** What goes with a message: `address`, where to; `fds`, borrowed until the promise settles; `credentials`. */
export interface SendMessageOptions
  extends OperationOptions, Pick<OutgoingMessage, 'address' | 'fds' | 'credentials'> {}

export const SEND_MESSAGE_OPTIONS = namesOf<SendMessageOptions>({
  signal: true,
  address: true,
  fds: true,
  credentials: true,
})

/** The methods of a ring for messages. */
export interface RingMessages {
  /**
   * Sends several pieces as one message.
   * @param flags MSG_MORE, MSG_WAITALL (all of it) ... (default 0); never dies of SIGPIPE
   * @param options `address`: where to, on a socket that is not connected; `fds` and `credentials`, on Unix sockets
   * @returns how many bytes were sent
   * @throws as a rejection, what `send` rejects with; ErrnoError EMSGSIZE, EPERM (credentials)
   * @see man 2 sendmsg
   */
  sendmsg(fd: RingFile, pieces: readonly Piece[], flags?: number, options?: SendMessageOptions): Promise<number>

  /**
   * Receives a message, and what came with it.
   * @param buffers are filled one after the other
   * @param flags MSG_PEEK, MSG_WAITALL ... (default 0); descriptors are close-on-exec
   * @returns `bytes` (0 when the peer has ended), `fds`, which the caller owns, `credentials`, `flags` and the sender's `address`
   * @throws as a rejection, what `recv` rejects with; where a buffer was detached meanwhile, the descriptors are closed
   * @see man 2 recvmsg
   */
  recvmsg(
    fd: RingFile,
    buffers: readonly ByteView[],
    flags?: number,
    options?: OperationOptions,
  ): Promise<IncomingMessage>
}

export function prepareSendmsg(
  fd: RingFile,
  pieces: readonly Piece[],
  flags = 0,
  options?: SendMessageOptions,
): OperationEntry<number> {
  const { address, fds, credentials } = options ?? {}
  const file = asRingFile(fd)
  const how = asInteger('flags', flags) | MSG_NOSIGNAL
  const name = address ? encodeAddress(address, 'sendmsg') : new Uint8Array()
  const data = PinnedPieces.from(pieces)
  const message = new MessagePin(data, name, controlOf(checkTravellers(fd, data.size, fds, credentials)))
  const ended = (result: number): number => {
    message.finish()
    data.finish(0)
    return result
  }
  const entry = { code: IORING_OP_SENDMSG, fd: file, address: message.address, length: 1, flags: how }
  return { syscall: 'sendmsg', ...entry, ended, about: address && detailsOf(address) }
}

export function prepareRecvmsg(fd: RingFile, buffers: readonly ByteView[], flags = 0): OperationEntry<IncomingMessage> {
  const file = asRingFile(fd)
  const how = asInteger('flags', flags) | MSG_CMSG_CLOEXEC
  const data = PinnedPieces.into(buffers)
  const message = new MessagePin(data, new Uint8Array(SOCKADDR_STORAGE), new Uint8Array(CONTROL_SIZE))
  const ended = (result: number): IncomingMessage => received(result, data, message)
  const entry = { code: IORING_OP_RECVMSG, fd: file, address: message.address, length: 1, flags: how }
  return { syscall: 'recvmsg', ...entry, ended }
}

function received(bytes: number, data: PinnedPieces, message: MessagePin): IncomingMessage {
  const { name, flags } = message
  const { fds, credentials } = readControl(bytes < 0 ? name.subarray(0, 0) : message.control)
  const address = addressOf(name, name.length)
  message.finish()
  try {
    data.finish(bytes)
  } catch (error) {
    for (const fd of fds) native.close(fd)
    throw error
  }
  return { bytes, fds, credentials, flags: flags & ~MSG_CMSG_CLOEXEC, address }
}
