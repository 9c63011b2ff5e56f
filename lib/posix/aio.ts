// aio.h: reads, writes and syncs that are begun now and are over later, heard of by asking, as a promise, or by callback.
import { constants } from 'node:os'
import { codedError, ErrnoError, invalidArgType, invalidArgValue } from '../errors.js'
import { constant, native, type ByteView } from '../native.js'
import { asExactTimeout, asFd, asInteger } from './arguments.js'
import { AioRequest, collect, DATASYNC, eventFd, READ, requests, SYNC, WRITE } from './aio-request.js'
import { O_DSYNC, O_SYNC } from './fcntl.js'
import { asFixedSpan } from './pinned-memory.js'

export const AIO_ALLDONE = constant('AIO_ALLDONE')
export const AIO_CANCELED = constant('AIO_CANCELED')
export const AIO_NOTCANCELED = constant('AIO_NOTCANCELED')
export const LIO_NOP = constant('LIO_NOP')
export const LIO_NOWAIT = constant('LIO_NOWAIT')
export const LIO_READ = constant('LIO_READ')
export const LIO_WAIT = constant('LIO_WAIT')
export const LIO_WRITE = constant('LIO_WRITE')

const POLLIN = constant('POLLIN')
const { EAGAIN, ECANCELED, EINPROGRESS, EINVAL, EIO } = constants.errno

export interface AiocbOptions {
  /** An open descriptor. It may be closed while the request is under way: see aio_cancel. */
  aio_fildes: number
  /** Takes the bytes, or gives them (as they are when the request is begun). Not for aio_fsync. */
  aio_buf?: ByteView
  /** Where in the file (default 0); of no meaning for pipes and sockets. */
  aio_offset?: number
  /** So many bytes (default: all of the buffer). */
  aio_nbytes?: number
  /** For lio_listio: LIO_READ, LIO_WRITE or LIO_NOP (default). */
  aio_lio_opcode?: number
  /** Called from the event loop when the request is over. */
  aio_sigevent?: (aiocb: Aiocb) => void
}

interface Waiter {
  resolve: (count: number) => void
  reject: (error: Error) => void
}

/** An asynchronous request: what is wanted, and how far it is. Used for one request at a time. */
export class Aiocb {
  aio_fildes: number
  aio_buf: ByteView | undefined
  aio_offset: number
  aio_nbytes: number | undefined
  aio_lio_opcode: number
  aio_sigevent: ((aiocb: Aiocb) => void) | undefined
  #request: AioRequest | undefined
  #failure = 0 // of a request that could not even be begun
  #returned = true
  #waiters: Waiter[] = []

  /** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
  constructor(options: AiocbOptions) {
    if (typeof options !== 'object' || options === null) throw invalidArgType('options', 'of type object', options)
    const { aio_buf, aio_offset = 0, aio_nbytes, aio_lio_opcode = LIO_NOP, aio_sigevent } = options
    if (aio_sigevent !== undefined && typeof aio_sigevent !== 'function') {
      throw invalidArgType('options.aio_sigevent', 'of type function', aio_sigevent)
    }
    this.aio_fildes = asFd(options.aio_fildes, 'options.aio_fildes')
    this.aio_buf = aio_buf
    this.aio_offset = asInteger('options.aio_offset', aio_offset, 0, Number.MAX_SAFE_INTEGER)
    this.aio_nbytes = aio_nbytes
    this.aio_lio_opcode = asInteger('options.aio_lio_opcode', aio_lio_opcode)
    this.aio_sigevent = aio_sigevent
  }

  /** Begins a request of its own. */
  start(operation: number): void {
    if (this.error === EINPROGRESS) throw codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: in progress')
    const span = operation >= SYNC ? undefined : asFixedSpan(this.aio_buf, 0, this.aio_nbytes, 'aio_buf')
    this.#returned = false
    this.#failure = 0
    this.#request = new AioRequest(this.aio_fildes, operation, span, this.aio_offset, () => this.#over())
  }

  /** As `start` for a list: what cannot be begun is over, with its error. */
  startListed(operation: number): void {
    try {
      this.start(operation)
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error
      this.#request = undefined
      this.#failure = -error.errno
      process.nextTick(() => this.#over())
    }
  }

  #over(): void {
    for (const waiter of this.#waiters.splice(0)) this.#settle(waiter)
    this.aio_sigevent?.(this)
  }

  #settle({ resolve, reject }: Waiter): void {
    const { error } = this
    if (error === 0) resolve(this.#request!.result!)
    else reject(new ErrnoError(error, 'aio_return'))
  }

  /** What aio_error gives. */
  get error(): number {
    if (this.#failure !== 0 || !this.#request) return this.#failure
    const { result, isOwn } = this.#request
    if (result === undefined) return isOwn ? EINPROGRESS : ECANCELED
    return result < 0 ? -result : 0
  }

  /** Looks once whether it is over by now. */
  look(): number {
    if (this.error === EINPROGRESS && !this.#request!.attempt()) collect()
    return this.error
  }

  /** What aio_return gives, once. */
  take(): number {
    if (this.#returned || this.look() === EINPROGRESS) throw new ErrnoError(EINVAL, 'aio_return')
    this.#returned = true
    if (this.error !== 0) throw new ErrnoError(this.error, 'aio_return')
    return this.#request!.result!
  }

  /** The request that is in progress. */
  get pending(): AioRequest | undefined {
    return this.error === EINPROGRESS ? this.#request : undefined
  }

  /**
   * A promise of the request that was begun last. It leaves aio_return to be called.
   * @returns how many bytes were read or written
   * @throws as a rejection, ErrnoError, ECANCELED too; EINVAL where nothing was begun
   */
  completion(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (!this.#request && this.#failure === 0) throw new ErrnoError(EINVAL, 'aio_return')
      if (this.error === EINPROGRESS) this.#waiters.push({ resolve, reject })
      else this.#settle({ resolve, reject })
    })
  }
}

function asAiocb(value: unknown, name = 'aiocb'): Aiocb {
  if (!(value instanceof Aiocb)) throw invalidArgType(name, 'an instance of Aiocb', value)
  return value
}

function asList(list: unknown): (Aiocb | null)[] {
  if (!Array.isArray(list)) throw invalidArgType('list', 'an Array', list)
  return list.map((one: unknown) => (one === null ? null : asAiocb(one, 'list[]')))
}

/**
 * Begins to read `aio_nbytes` at `aio_offset` of the file, whose own offset stays where it is.
 *
 * @param aiocb what to read; the buffer may be of any kind and is filled when the request is over, by the thread of the event loop
 * @throws ErrnoError EBADF, EMFILE, EAGAIN (no more threads); ERR_INVALID_STATE (in progress, or a detached buffer), ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE (resizable), ERR_OUT_OF_RANGE
 * @see man 3 aio_read
 */
export function aio_read(aiocb: Aiocb): void {
  asAiocb(aiocb).start(READ)
}

/**
 * Begins to write `aio_nbytes` at `aio_offset` of the file, or at its end where it is O_APPEND.
 * @throws what aio_read throws
 * @see man 3 aio_write
 */
export function aio_write(aiocb: Aiocb): void {
  asAiocb(aiocb).start(WRITE)
}

/**
 * Begins to bring to the disk what was written to the file, by the writes that are under way on that descriptor too.
 * @param op O_SYNC, as fsync(2), or O_DSYNC, as fdatasync(2)
 * @throws what aio_read throws; ERR_INVALID_ARG_VALUE
 * @see man 3 aio_fsync
 */
export function aio_fsync(op: number, aiocb: Aiocb): void {
  if (op !== O_SYNC && op !== O_DSYNC) throw invalidArgValue('op', 'must be O_SYNC or O_DSYNC', op)
  asAiocb(aiocb).start(op === O_SYNC ? SYNC : DATASYNC)
}

/**
 * How far a request is.
 * @returns EINPROGRESS, ECANCELED, 0 when it has succeeded, or the errno that it failed with. In the child of a fork a request of the
 *   parent's is ECANCELED
 * @see man 3 aio_error
 */
export function aio_error(aiocb: Aiocb): number {
  return asAiocb(aiocb).look()
}

/**
 * What the call would have returned, once: a second time is EINVAL.
 * @returns how many bytes were read or written; 0 of a sync
 * @throws ErrnoError: what the request failed with; EINVAL (in progress, or taken already)
 * @see man 3 aio_return
 */
export function aio_return(aiocb: Aiocb): number {
  return asAiocb(aiocb).take()
}

/**
 * Blocks the calling thread until one of the requests is over.
 * @param list nulls are passed over
 * @param timeout milliseconds; null, negative or left out: for ever
 * @throws ErrnoError EAGAIN: the time is over
 * @see man 3 aio_suspend
 */
export function aio_suspend(list: readonly (Aiocb | null)[], timeout?: number | null): void {
  const all = asList(list).filter((aiocb) => aiocb !== null)
  const end = asExactTimeout(timeout) < 0 ? Infinity : performance.now() + timeout!
  while (!all.some((aiocb) => aiocb.look() !== EINPROGRESS)) {
    const left = end - performance.now()
    if (left <= 0 || all.length === 0) throw new ErrnoError(EAGAIN, 'aio_suspend')
    const fds = requests().flatMap((request) => request.polled)
    fds.push(eventFd(), POLLIN)
    native.poll(Int32Array.from(fds), fds.length / 2, left === Infinity ? -1 : Math.ceil(left))
    for (const request of requests()) request.attempt()
  }
}

/**
 * The same without blocking the event loop.
 * @throws as a rejection, what aio_suspend throws
 */
export async function aio_suspendAsync(list: readonly (Aiocb | null)[], timeout?: number | null): Promise<void> {
  const all = asList(list).filter((aiocb) => aiocb !== null)
  const limit = asExactTimeout(timeout)
  if (all.some((aiocb) => aiocb.look() !== EINPROGRESS)) return
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((_, reject) => {
    const error = new ErrnoError(EAGAIN, 'aio_suspend')
    if (limit >= 0 || all.length === 0) timer = setTimeout(() => reject(error), Math.max(limit, 0))
  })
  const over = all.map((aiocb) =>
    aiocb.completion().then(
      () => {},
      () => {},
    ),
  )
  await Promise.race([late, ...over]).finally(() => clearTimeout(timer))
}

/**
 * Gives requests up: those that wait for a thread, or for a pipe or socket to be ready. They are over, with ECANCELED (a write to a pipe of
 * which something went out: with what went out). `close` does the same for its descriptor.
 *
 * @param fd the descriptor of the requests
 * @param aiocb that one only (default: all of the descriptor)
 * @returns AIO_CANCELED: all of them were; AIO_NOTCANCELED: at least one is being worked on; AIO_ALLDONE: none was in progress
 * @throws ErrnoError EBADF; ERR_INVALID_ARG_VALUE where the request is of another descriptor
 * @see man 3 aio_cancel
 */
export function aio_cancel(fd: number, aiocb?: Aiocb | null): number {
  asFd(fd)
  if (aiocb && asAiocb(aiocb).aio_fildes !== fd) throw invalidArgValue('aiocb', 'must be of that descriptor', aiocb)
  const flags = native.fcntl(fd, constant('F_GETFD'), 0)
  if (flags < 0) throw new ErrnoError(flags, 'aio_cancel')
  collect()
  const wanted = aiocb ? [aiocb.pending].filter((one) => one !== undefined) : requests(fd)
  const canceled = wanted.map((request) => request.cancel())
  if (canceled.length === 0) return AIO_ALLDONE
  return canceled.every(Boolean) ? AIO_CANCELED : AIO_NOTCANCELED
}

function startAll(list: readonly (Aiocb | null)[]): Aiocb[] {
  const begun = asList(list).filter((aiocb) => aiocb !== null && aiocb.aio_lio_opcode !== LIO_NOP) as Aiocb[]
  for (const { aio_lio_opcode } of begun) {
    const isKnown = aio_lio_opcode === LIO_READ || aio_lio_opcode === LIO_WRITE
    if (!isKnown) throw invalidArgValue('aio_lio_opcode', 'must be LIO_READ, LIO_WRITE or LIO_NOP', aio_lio_opcode)
  }
  for (const aiocb of begun) aiocb.startListed(aiocb.aio_lio_opcode === LIO_READ ? READ : WRITE)
  return begun
}

/**
 * Begins a list of requests, each as its aio_lio_opcode says. One that fails does not stop the others: aio_error tells of each.
 *
 * @param mode LIO_WAIT: blocks the calling thread until all are over; LIO_NOWAIT: does not
 * @param list nulls are passed over
 * @param sigevent LIO_NOWAIT: called from the event loop when all are over
 * @throws ErrnoError EIO: LIO_WAIT, and at least one has failed; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @see man 3 lio_listio
 */
export function lio_listio(mode: number, list: readonly (Aiocb | null)[], sigevent?: () => void): void {
  if (mode !== LIO_WAIT && mode !== LIO_NOWAIT) throw invalidArgValue('mode', 'must be LIO_WAIT or LIO_NOWAIT', mode)
  const begun = startAll(list)
  if (mode === LIO_NOWAIT) return void (sigevent && settled(begun).then(sigevent))
  for (const aiocb of begun) while (aiocb.look() === EINPROGRESS) aio_suspend([aiocb])
  if (begun.some(({ error }) => error !== 0)) throw new ErrnoError(EIO, 'lio_listio')
}

const settled = (list: readonly Aiocb[]): Promise<PromiseSettledResult<number>[]> =>
  Promise.allSettled(list.map((aiocb) => aiocb.completion()))

/**
 * Begins a list of requests as lio_listio does, and resolves when all are over.
 * @returns of each that is not LIO_NOP or null, in order, how it ended
 * @throws as a rejection, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @see man 3 lio_listio
 */
export async function lio_listioAsync(list: readonly (Aiocb | null)[]): Promise<PromiseSettledResult<number>[]> {
  return settled(startAll(list))
}
