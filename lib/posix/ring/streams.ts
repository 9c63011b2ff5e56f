// The operations of a ring that complete many times: a listener's clients, a socket's data. Internal; io-uring.ts is its face.
import { invalidArgType } from '../../errors.js'
import { constant, native } from '../../native.js'
import { asInteger } from '../internal/arguments.js'
import { asGroupCount, BufferGroup, GroupNumbers } from './buffer-group.js'
import { Multishot } from './multishot.js'
import { asRingFile } from './ring-base.js'
import type { RingFile } from './sqe.js'
import { RingOfMessages } from './messages.js'
import { asAbortSignal } from '../internal/abort-signal.js'
import type { OperationOptions } from './operation.js'
import { SOCK_CLOEXEC } from '../sys-socket.js'

const IORING_OP_ACCEPT = constant('IORING_OP_ACCEPT')
const IORING_OP_RECV = constant('IORING_OP_RECV')
const IORING_ACCEPT_MULTISHOT = constant('IORING_ACCEPT_MULTISHOT')
const IORING_RECV_MULTISHOT = constant('IORING_RECV_MULTISHOT')
const IOSQE_BUFFER_SELECT = constant('IOSQE_BUFFER_SELECT')

/** Operations with many completions. */
export class RingOfStreams extends RingOfMessages {
  readonly #numbers = new GroupNumbers()

  /**
   * Accepts clients for as long as the loop goes on, by one operation: `for await (const client of ring.acceptMultishot(listener))`. The
   * descriptors are the caller's; those that came and were not asked for are closed. Linux 5.19.
   *
   * @param flags SOCK_NONBLOCK (default 0); the descriptors are close-on-exec
   * @throws from the loop, ErrnoError EBADF, EINVAL, EMFILE ...; the signal's reason
   */
  acceptMultishot(fd: RingFile, flags = 0, options?: OperationOptions): Multishot<number> {
    const how = asInteger('flags', flags) | SOCK_CLOEXEC
    const entry = { code: IORING_OP_ACCEPT, fd: asRingFile(fd), priority: IORING_ACCEPT_MULTISHOT, flags: how }
    const shots = {
      syscall: 'accept4',
      entry,
      take: (client: number) => client,
      drop: (client: number) => void native.close(client),
      isEnd: () => false,
    }
    return new Multishot(this.queue, shots, asAbortSignal(options))
  }

  /**
   * Receives for as long as the loop goes on, by one operation, into buffers of `group`: `for await (const chunk of ring.recvMultishot(fd,
   * group))`. The loop ends when the peer has. When all buffers hold what the loop has not taken yet, the socket waits. Linux 6.0.
   *
   * @param group from provideBuffers
   * @throws from the loop, ErrnoError ECONNRESET ...; the signal's reason; ERR_INVALID_STATE when the group was closed
   */
  recvMultishot(fd: RingFile, group: BufferGroup, options?: OperationOptions): Multishot<Buffer> {
    if (!(group instanceof BufferGroup)) throw invalidArgType('group', 'an instance of BufferGroup', group)
    const taking = { priority: IORING_RECV_MULTISHOT, how: IOSQE_BUFFER_SELECT, buffer: group.group }
    const shots = {
      syscall: 'recv',
      entry: { code: IORING_OP_RECV, fd: asRingFile(fd), ...taking },
      take: (length: number, flags: number) => group.take(length, flags),
      drop: (_: number, flags: number) => group.drop(flags),
      isEnd: (length: number) => length === 0,
      group,
    }
    return new Multishot(this.queue, shots, asAbortSignal(options))
  }

  /**
   * Buffers for recvMultishot, for any number of sockets. Linux 5.19.
   * @param count how many: a power of two, at most 32768
   * @param size bytes each
   * @throws ErrnoError EINVAL (an older kernel), ENOMEM, ENOSPC (65,536 groups are open); ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE
   */
  provideBuffers(count: number, size: number): BufferGroup {
    this.queue.usable()
    return new BufferGroup(this.queue, this.#numbers, asGroupCount(count), asInteger('size', size, 1, 1 << 30))
  }
}
