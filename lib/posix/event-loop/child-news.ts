// Waits for any of several children, which no descriptor tells the end of: by SIGCHLD, beside libuv's own handler. Internal.
import { constants } from 'node:os'
import { clearTimeout } from 'node:timers'
import { isMainThread } from 'node:worker_threads'
import { ErrnoError } from '../../errors.js'
import { setTimeout } from '../internal/own-timers.js'

const LONGEST = 2 ** 31 - 1

/**
 * What `attempt` gives as soon as it gives something: now, or when the next child changes its state. Keeps the process alive.
 *
 * @param attempt asks the kernel without waiting; null stands for «nothing yet»
 * @param milliseconds negative for ever; null is the result where they are over
 * @throws as a rejection, what `attempt` throws; the signal's reason; ErrnoError ENOTSUP in a Worker, which hears of no signals
 */
export function whenChild<T>(
  syscall: string,
  attempt: () => T | null,
  milliseconds: number,
  signal?: AbortSignal | null,
): Promise<T | null> {
  if (!isMainThread) return Promise.reject(new ErrnoError(constants.errno.ENOTSUP, syscall))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => look(true), milliseconds < 0 ? LONGEST : Math.min(milliseconds, LONGEST))
    const over = (): void => {
      clearTimeout(timer)
      process.off('SIGCHLD', changed)
      signal?.removeEventListener('abort', aborted)
    }
    const look = (isLast: boolean): void => {
      try {
        const found = attempt()
        if (found === null && !isLast) return
        over()
        resolve(found)
      } catch (error) {
        over()
        reject(error as Error)
      }
    }
    const changed = (): void => look(false)
    const aborted = (): void => {
      over()
      reject(signal!.reason as Error)
    }
    // Listens first, so that no child ends unheard between the look and the listening.
    process.on('SIGCHLD', changed)
    signal?.addEventListener('abort', aborted, { once: true })
    look(milliseconds === 0)
  })
}
