// epoll_wait as a promise for an instance whose events a look consumes: by a thread, with a time limit and a signal. Internal.
import { constants } from 'node:os'
import { clearTimeout } from 'node:timers'
import { ErrnoError } from '../../errors.js'
import { onClose } from './close-hooks.js'
import { loop } from './epoll-registry.js'
import { EpollThread } from './epoll-thread.js'
import { nextTurn } from './look-until.js'
import { setTimeout } from '../internal/own-timers.js'

interface Taken {
  readonly pairs: Float64Array
  readonly count: number
}

/** The waits for each instance, which end when it is closed. */
const byInstance = new Map<number, Set<() => void>>()

/**
 * What `look` gives, or else what a thread takes before the time is over.
 * @param look asks the kernel without waiting
 * @throws as a rejection, ErrnoError EBADF (closed meanwhile), EMFILE, EAGAIN (no thread); the signal's reason, where nothing was taken
 */
export async function waitOnThread<T>(
  look: () => T | undefined,
  epfd: number,
  most: number,
  timeout: number,
  signal: AbortSignal | null | undefined,
): Promise<T | Taken> {
  signal?.throwIfAborted()
  const found = look()
  if (found === undefined && timeout !== 0) return take(epfd, most, timeout, signal)
  await nextTurn()
  return found ?? { pairs: new Float64Array(), count: 0 }
}

function take(epfd: number, most: number, timeout: number, signal: AbortSignal | null | undefined): Promise<Taken> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const over = (count: number, otherwise: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      byInstance.get(epfd)?.delete(closed)
      if (count > 0) resolve({ pairs: thread.pairs, count })
      else otherwise()
    }
    const fail = (reason: unknown) => () => reject(reason as Error)
    const thread = new EpollThread(loop, most, true, (count) => over(count, fail(new ErrnoError(count, 'epoll_wait'))))
    // What the thread has taken by then was taken, and is told.
    const abort = (): void => over(thread.stop(), () => reject(signal!.reason as Error))
    const closed = (): void => over(thread.stop(), fail(new ErrnoError(constants.errno.EBADF, 'epoll_wait')))
    thread.begin(epfd)
    if (timeout > 0)
      timer = setTimeout(() => over(thread.stop(), () => resolve({ pairs: thread.pairs, count: 0 })), timeout)
    signal?.addEventListener('abort', abort, { once: true })
    byInstance.set(epfd, (byInstance.get(epfd) ?? new Set()).add(closed))
  })
}

onClose((fd) => {
  const waits = byInstance.get(fd)
  if (!waits) return undefined
  return {
    done: () => {
      byInstance.delete(fd)
      for (const closed of [...waits]) closed()
    },
  }
})
