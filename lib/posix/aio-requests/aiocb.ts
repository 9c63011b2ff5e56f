// struct aiocb: a request of POSIX AIO, and how far it is. Internal; aio.ts is its face. See: man 7 aio
import { constants } from 'node:os'
import { namesOf, refuseUnknown } from '../internal/known-options.js'
import { codedError, ErrnoError, invalidArgType } from '../../errors.js'
import { constant, type ByteView } from '../../native.js'
import { AioRequest, collect, SYNC } from './aio-request.js'
import { asFd, asFixedSpan, asInteger, asList } from '../internal/arguments.js'

export const LIO_NOP = constant('LIO_NOP')
const { ECANCELED, EINPROGRESS, EINVAL } = constants.errno

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

const REQUEST = namesOf<AiocbOptions>({
  ...{ aio_fildes: true, aio_buf: true, aio_offset: true, aio_nbytes: true },
  ...{ aio_lio_opcode: true, aio_sigevent: true },
})

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
    refuseUnknown(options, REQUEST)
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
    try {
      this.#request = new AioRequest(this.aio_fildes, operation, span, this.aio_offset, () => this.#over())
    } catch (error) {
      this.#request = undefined
      this.#failure = -(error as ErrnoError).errno || EINVAL
      throw error
    }
  }

  /** As `start` for a list: what cannot be begun is over, with its error. */
  startListed(operation: number): void {
    try {
      this.start(operation)
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error
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

/** @throws ERR_INVALID_ARG_TYPE */
export function asAiocb(value: unknown, name = 'aiocb'): Aiocb {
  if (!(value instanceof Aiocb)) throw invalidArgType(name, 'an instance of Aiocb', value)
  return value
}

/** @throws ERR_INVALID_ARG_TYPE */
export function asAiocbList(list: unknown): (Aiocb | null)[] {
  return asList('list', list, (one, name) => (one === null ? null : asAiocb(one, name)))
}
