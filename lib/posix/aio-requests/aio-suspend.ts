// aio.h: waiting for requests. Internal; aio.ts is its face. See: man 3 aio_suspend
import { constants } from 'node:os'
import { clearTimeout } from 'node:timers'
import { ErrnoError } from '../../errors.js'
import { constant, native } from '../../native.js'
import { eventFd, requests } from './aio-request.js'
import { asAiocbList, type Aiocb } from './aiocb.js'
import { asExactTimeout } from '../internal/arguments.js'
import { setTimeout } from '../internal/own-timers.js'

const POLLIN = constant('POLLIN')
const { EAGAIN, EINPROGRESS } = constants.errno

/**
 * Blocks the calling thread until one of the requests is over.
 * @param list nulls are passed over
 * @param timeout milliseconds; null, negative or left out: for ever
 * @throws ErrnoError EAGAIN: the time is over
 * @see man 3 aio_suspend
 */
export function aio_suspend(list: readonly (Aiocb | null)[], timeout?: number | null): void {
  const all = asAiocbList(list).filter((aiocb) => aiocb !== null)
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
 * As aio_suspend, without blocking the event loop.
 * @throws as a rejection, what aio_suspend throws
 * @see man 3 aio_suspend
 */
export async function aio_suspendAsync(list: readonly (Aiocb | null)[], timeout?: number | null): Promise<void> {
  const all = asAiocbList(list).filter((aiocb) => aiocb !== null)
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
