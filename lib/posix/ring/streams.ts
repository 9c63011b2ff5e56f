// Operations of a ring that complete many times: a listener's clients, a socket's data. Internal; io-uring.ts is their face.
import { invalidArgType } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asInteger } from '../internal/arguments.js'
import { BufferGroup } from './buffer-group.js'
import type { Multishot, Shots } from './multishot.js'
import { asRingFile, type RingFile } from './sqe.js'
import type { OperationOptions } from './operation.js'
import { SOCK_CLOEXEC } from '../sys-socket.js'

const IORING_OP_ACCEPT = constant('IORING_OP_ACCEPT')
const IORING_OP_RECV = constant('IORING_OP_RECV')
const IORING_ACCEPT_MULTISHOT = constant('IORING_ACCEPT_MULTISHOT')
const IORING_RECV_MULTISHOT = constant('IORING_RECV_MULTISHOT')
const IOSQE_BUFFER_SELECT = constant('IOSQE_BUFFER_SELECT')

/** The methods of a ring for operations that complete many times. */
export interface RingStreams {
  /**
   * Accepts clients for as long as the loop goes on, by one operation: `for await (const client of ring.acceptMultishot(listener))`. The
   * descriptors are the caller's; those that came and were not asked for are closed. Linux 5.19.
   *
   * @param flags SOCK_NONBLOCK (default 0); the descriptors are close-on-exec
   * @throws from the loop, ErrnoError EBADF, EINVAL, EMFILE ...; the signal's reason
   */
  acceptMultishot(fd: RingFile, flags?: number, options?: OperationOptions): Multishot<number>

  /**
   * Receives for as long as the loop goes on, by one operation, into buffers of `group`: `for await (const chunk of ring.recvMultishot(fd,
   * group))`. The loop ends when the peer has. When all buffers hold what the loop has not taken yet, the socket waits. Linux 6.0.
   *
   * @param group from provideBuffers
   * @throws from the loop, ErrnoError ECONNRESET ...; the signal's reason; ERR_INVALID_STATE when the group was closed
   */
  recvMultishot(fd: RingFile, group: BufferGroup, options?: OperationOptions): Multishot<Buffer>

  /**
   * Buffers for recvMultishot, for any number of sockets. Linux 5.19.
   * @param count how many: a power of two, at most 32768
   * @param size bytes each
   * @throws ErrnoError EINVAL (an older kernel), ENOMEM, ENOSPC (65,536 groups are open); ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE
   */
  provideBuffers(count: number, size: number): BufferGroup
}

export function acceptShots(fd: RingFile, flags: number): Shots<number> {
  const how = asInteger('flags', flags) | SOCK_CLOEXEC
  return {
    syscall: 'accept4',
    entry: { code: IORING_OP_ACCEPT, fd: asRingFile(fd), priority: IORING_ACCEPT_MULTISHOT, flags: how },
    take: (client) => client,
    drop: (client) => void native.close(client),
    isEnd: () => false,
  }
}

export function recvShots(fd: RingFile, group: BufferGroup): Shots<Buffer> {
  if (!(group instanceof BufferGroup)) throw invalidArgType('group', 'an instance of BufferGroup', group)
  const taking = { priority: IORING_RECV_MULTISHOT, how: IOSQE_BUFFER_SELECT, buffer: group.group }
  return {
    syscall: 'recv',
    entry: { code: IORING_OP_RECV, fd: asRingFile(fd), ...taking },
    take: (length, flags) => group.take(length, flags),
    drop: (_, flags) => group.drop(flags),
    isEnd: (length) => length === 0,
    group,
  }
}
