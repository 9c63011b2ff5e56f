// aio.h: reads, writes and syncs that are begun now and are over later, heard of by asking, as a promise, or by callback.
import { ErrnoError, invalidArgValue } from '../errors.js'
import { constant, native } from '../native.js'
import { collect, DATASYNC, READ, requests, SYNC, WRITE } from './aio-requests/aio-request.js'
import { asAiocb, type Aiocb } from './aio-requests/aiocb.js'
import { asFd } from './internal/arguments.js'
import { O_DSYNC, O_SYNC } from './fcntl.js'

export { aio_suspend, aio_suspendAsync } from './aio-requests/aio-suspend.js'
export { Aiocb, LIO_NOP, type AiocbOptions } from './aio-requests/aiocb.js'
export { LIO_NOWAIT, LIO_READ, LIO_WAIT, LIO_WRITE, lio_listio, lio_listioAsync } from './aio-requests/lio-listio.js'

export const AIO_ALLDONE = constant('AIO_ALLDONE')
export const AIO_CANCELED = constant('AIO_CANCELED')
export const AIO_NOTCANCELED = constant('AIO_NOTCANCELED')

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
