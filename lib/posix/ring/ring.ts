// The class Ring. What each operation says to the kernel, and its documentation, is in the module of its kind: files, sockets ...
// Internal; io-uring.ts is its face.
import { invalidArgType, invalidArgValue } from '../../errors.js'
import { native, type ByteView } from '../../native.js'
import { asAbortSignal } from '../internal/abort-signal.js'
import { asInteger } from '../internal/arguments.js'
import { asRingSizes, availabilityOf, type RingAvailability, type RingOptions } from './setup.js'
import { asGroupCount, BufferGroup, GroupNumbers } from './buffer-group.js'
import * as control from './control.js'
import type { TimeoutOptions } from './control.js'
import * as files from './files.js'
import type { FsyncOptions } from './files.js'
import * as messages from './messages.js'
import type { SendMessageOptions } from './messages.js'
import { Multishot } from './multishot.js'
import { Operation, type OperationEntry, type OperationOptions } from './operation.js'
import type { RingOrder } from './order.js'
import { RingQueue } from './queue.js'
import { Registered, type RingRegistration } from './registered.js'
import * as sockets from './sockets.js'
import { asRingFile, type FixedFile, type RingFile } from './sqe.js'
import type { Statx } from './statx.js'
import * as streams from './streams.js'
import * as transfers from './transfers.js'
import type { Piece, Position, TransferOptions } from './transfers.js'
import { O_RDONLY } from '../fcntl.js'
import type { SocketAddress } from '../socket/socket-address.js'
import type { IncomingMessage } from '../socket/socket-messages.js'

interface RingOperations
  extends
    RingOrder,
    RingRegistration,
    control.RingControl,
    files.RingFiles,
    messages.RingMessages,
    sockets.RingSockets,
    streams.RingStreams,
    transfers.RingTransfers {}

/**
 * An io_uring of this thread. Each operation is handed to the kernel at the end of the turn in which it is begun, together with all others
 * of that turn, and is a promise of its completion; no thread of libuv's pool is used. The ring keeps the event loop alive while
 * something is in flight. It belongs to the process that made it: in the child of a fork each method throws ERR_INVALID_STATE, promises
 * of the parent's operations stay silent (with `handles: 'keep'` they reject with EFORKED), and a new ring works.
 *
 * ```ts
 * const ring = new Ring()
 * const fd = await ring.openat(AT_FDCWD, 'table.db')
 * const pages = await Promise.all(numbers.map((n) => ring.read(fd, posix_memalign(4096, 4096), 4096 * n)))
 * await ring.close()
 * ```
 */
export class Ring implements RingOperations, AsyncDisposable {
  readonly #queue: RingQueue
  readonly #registered: Registered
  readonly #groups = new GroupNumbers()

  /**
   * @throws ErrnoError of io_uring_setup: ENOSYS, EPERM (switched off), ENOMEM, EMFILE; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
   *   ERR_OUT_OF_RANGE
   */
  constructor(options: RingOptions = {}) {
    this.#queue = new RingQueue(...asRingSizes(options))
    this.#registered = new Registered(this.#queue)
  }

  /** Asks the kernel for a ring, and says what it answered. Never throws. */
  static availability(): RingAvailability {
    return availabilityOf(() => void new Ring({ entries: 1 }).close())
  }

  /** How many operations are under way. */
  get inFlight(): number {
    return this.#queue.inFlight
  }

  /**
   * Whether the kernel has an operation.
   * @param operation its name in C: 'IORING_OP_READ', 'IORING_OP_SPLICE' ..., of those that this class uses
   * @throws ERR_INVALID_ARG_VALUE
   */
  supports(operation: string): boolean {
    const number = /^IORING_OP_/.test(operation) ? native.constants[operation] : undefined
    if (number === undefined) throw invalidArgValue('operation', 'must name an operation of this class', operation)
    return this.#queue.probe()[number] === 1
  }

  submit(): void {
    this.#queue.usable()
    this.#queue.submit()
  }

  linked<T>(body: () => T, { hard = false }: { hard?: boolean } = {}): T {
    if (typeof body !== 'function') throw invalidArgType('body', 'of type function', body)
    return this.#queue.chain(body, hard)
  }

  drained<T>(body: () => T): T {
    if (typeof body !== 'function') throw invalidArgType('body', 'of type function', body)
    return this.#queue.drained(body)
  }

  // Begins the operation that `prepare` gives; what that throws is a rejection.
  #begin<T>(
    options: OperationOptions | undefined,
    prepare: () => OperationEntry<T>,
    known?: readonly string[],
  ): Promise<T> {
    try {
      const signal = asAbortSignal(options, known)
      const entry = prepare()
      const operation = new Operation(entry)
      this.#queue.prepare(operation, entry)
      if (signal) operation.heed(signal, this.#queue)
      return operation.promise
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }

  registerFiles(fds: readonly number[]): FixedFile[] {
    return this.#registered.files(fds)
  }

  unregisterFiles(): void {
    this.#registered.noFiles()
  }

  registerBuffers(buffers: readonly ByteView[]): void {
    this.#registered.buffers(buffers)
  }

  unregisterBuffers(): void {
    this.#registered.noBuffers()
  }

  nop(options?: OperationOptions): Promise<void> {
    return this.#begin(options, control.prepareNop)
  }

  timeout(milliseconds?: number | null, options: TimeoutOptions = {}): Promise<boolean> {
    return this.#begin(options, () => control.prepareTimeout(milliseconds, options), control.TIMEOUT_OPTIONS)
  }

  linkTimeout(milliseconds?: number | null): Promise<boolean> {
    return this.#begin(undefined, () => control.prepareLinkTimeout(milliseconds))
  }

  poll(fd: RingFile, events: number, options?: OperationOptions): Promise<number> {
    return this.#begin(options, () => control.preparePoll(fd, events))
  }

  cancel(fd: RingFile): Promise<number> {
    return this.#begin(undefined, () => control.prepareCancel(fd, this.#queue.cancelHeld(asRingFile(fd))))
  }

  read(fd: RingFile, buffer: ByteView, position?: Position, options?: TransferOptions): Promise<number> {
    return this.#begin(
      options,
      () => transfers.prepareRead(this.#registered, fd, buffer, position, options),
      transfers.TRANSFER_OPTIONS,
    )
  }

  write(fd: RingFile, data: Piece, position?: Position, options?: TransferOptions): Promise<number> {
    return this.#begin(
      options,
      () => transfers.prepareWrite(this.#registered, fd, data, position, options),
      transfers.TRANSFER_OPTIONS,
    )
  }

  readv(fd: RingFile, buffers: readonly ByteView[], position?: Position, options?: OperationOptions): Promise<number> {
    return this.#begin(options, () => transfers.prepareReadv(fd, buffers, position))
  }

  writev(fd: RingFile, pieces: readonly Piece[], position?: Position, options?: OperationOptions): Promise<number> {
    return this.#begin(options, () => transfers.prepareWritev(fd, pieces, position))
  }

  fsync(fd: RingFile, options?: FsyncOptions): Promise<void> {
    return this.#begin(options, () => files.prepareFsync(fd, options), files.FSYNC_OPTIONS)
  }

  openat(
    dirfd: number,
    path: string,
    flags: number = O_RDONLY,
    mode = 0o666,
    options?: OperationOptions,
  ): Promise<number> {
    return this.#begin(options, () => files.prepareOpenat(dirfd, path, flags, mode))
  }

  statx(dirfd: number, path: string, flags = 0, mask?: number, options?: OperationOptions): Promise<Statx> {
    return this.#begin(options, () => files.prepareStatx(dirfd, path, flags, mask))
  }

  splice(
    inFd: number,
    inOffset: number | null,
    outFd: RingFile,
    outOffset: number | null,
    length: number,
    flags = 0,
    options?: OperationOptions,
  ): Promise<number> {
    return this.#begin(options, () => files.prepareSplice(inFd, inOffset, outFd, outOffset, length, flags))
  }

  close(fd?: number, options?: OperationOptions): Promise<void> {
    if (fd === undefined) return this.#queue.close()
    return this.#begin(options, () => files.prepareClose(fd))
  }

  accept(fd: RingFile, flags = 0, options?: OperationOptions): Promise<{ fd: number; address: SocketAddress | null }> {
    return this.#begin(options, () => sockets.prepareAccept(fd, flags))
  }

  connect(fd: RingFile, address: SocketAddress, options?: OperationOptions): Promise<void> {
    return this.#begin(options, () => sockets.prepareConnect(fd, address))
  }

  recv(fd: RingFile, buffer: ByteView, flags = 0, options?: TransferOptions): Promise<number> {
    return this.#begin(options, () => sockets.prepareRecv(fd, buffer, flags, options), transfers.TRANSFER_OPTIONS)
  }

  send(fd: RingFile, data: Piece, flags = 0, options?: TransferOptions): Promise<number> {
    return this.#begin(options, () => sockets.prepareSend(fd, data, flags, options), transfers.TRANSFER_OPTIONS)
  }

  shutdown(fd: RingFile, how: number, options?: OperationOptions): Promise<void> {
    return this.#begin(options, () => sockets.prepareShutdown(fd, how))
  }

  sendmsg(fd: RingFile, pieces: readonly Piece[], flags = 0, options?: SendMessageOptions): Promise<number> {
    return this.#begin(
      options,
      () => messages.prepareSendmsg(fd, pieces, flags, options),
      messages.SEND_MESSAGE_OPTIONS,
    )
  }

  recvmsg(fd: RingFile, buffers: readonly ByteView[], flags = 0, options?: OperationOptions): Promise<IncomingMessage> {
    return this.#begin(options, () => messages.prepareRecvmsg(fd, buffers, flags))
  }

  acceptMultishot(fd: RingFile, flags = 0, options?: OperationOptions): Multishot<number> {
    return new Multishot(this.#queue, streams.acceptShots(fd, flags), asAbortSignal(options))
  }

  recvMultishot(fd: RingFile, group: BufferGroup, options?: OperationOptions): Multishot<Buffer> {
    return new Multishot(this.#queue, streams.recvShots(fd, group), asAbortSignal(options))
  }

  provideBuffers(count: number, size: number): BufferGroup {
    this.#queue.usable()
    return new BufferGroup(this.#queue, this.#groups, asGroupCount(count), asInteger('size', size, 1, 1 << 30))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#queue.close()
  }
}
