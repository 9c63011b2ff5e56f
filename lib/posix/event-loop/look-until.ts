// What the promise forms of poll, select and epoll_wait have in common: look, wait for any of the descriptors, look again.
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'
import { join, leave, type Interest, type Registration } from './epoll-registry.js'

export interface AsyncOptions {
  /** Rejects with its reason when it aborts. */
  signal?: AbortSignal | null | undefined
}

const { EBADF, EPERM } = constants.errno

/** A descriptor and the POLL events that may end a wait for it. */
export type Wanted = readonly [fd: number, events: number]

// One wait of one promise for many descriptors: the first event, the time limit or the signal ends it for all of them.
function anyOf(wanted: Iterable<Wanted>, milliseconds: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const joined: [Registration, Interest][] = []
    const finish = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      for (const [registration, interest] of joined) leave(registration, interest)
    }
    const done = (): void => {
      finish()
      resolve()
    }
    const fail = (reason: unknown): void => {
      finish()
      reject(reason)
    }
    const abort = (): void => fail(signal!.reason)
    const timer = milliseconds < 0 ? undefined : setTimeout(done, milliseconds)
    signal?.addEventListener('abort', abort, { once: true })
    for (const [fd, events] of wanted) {
      const interest: Interest = { events, once: true, referenced: true, notify: done }
      const registration = join(fd, interest)
      if (typeof registration !== 'number') joined.push([registration, interest])
      else if (registration === -EBADF)
        return done() // the next look says so
      else if (registration !== -EPERM) return fail(new ErrnoError(registration, 'epoll_ctl'))
      // EPERM: a file, always ready to be read and written; what else was wanted of it never comes.
    }
  })
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * What `look` gives as soon as it gives something, or what it gave last when the time is over. The event loop goes round at
 * least once, so that a loop of such calls lets everything else run.
 *
 * @param look asks the kernel without waiting; undefined stands for «nothing ready»
 * @param wanted the descriptors whose events are worth another look
 * @param timeout milliseconds, negative for ever
 */
export async function lookUntil<T>(
  look: () => T | undefined,
  wanted: readonly Wanted[],
  timeout: number,
  { signal }: AsyncOptions = {},
): Promise<T | undefined> {
  signal?.throwIfAborted()
  const end = timeout < 0 ? Infinity : performance.now() + timeout
  let found = look()
  if (found !== undefined || timeout === 0) {
    await nextTurn()
    return found
  }
  while (found === undefined) {
    const left = end === Infinity ? -1 : Math.max(0, Math.ceil(end - performance.now()))
    await anyOf(wanted, left, signal)
    found = look()
    if (left === 0) return found
  }
  return found
}
