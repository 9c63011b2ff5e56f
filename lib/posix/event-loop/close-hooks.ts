// What is told when a descriptor is closed or replaced: what is under way on it must not meet another file under its number. The act comes
// first and the telling after it: where the act fails, nothing was closed and nothing is told.

import { shared } from '../../native.js'

/** What a family does about one descriptor that is being closed. */
export interface Closing {
  /** Right before the act, where the act follows at once. */
  pause?(): void
  /** The act has failed: everything goes on. */
  resume?(): void
  /** The number is free, or another file's. */
  done(): void
}

type Listener = (fd: number) => Closing | undefined

const listeners = shared<Listener[]>('close-hooks', () => [])

/** `listener` is asked at each close, dup2 and dup3 of this package's what is to be done for that number. */
export function onClose(listener: Listener): void {
  listeners.push(listener)
}

function concerned(fd: number): Closing[] | undefined {
  let all: Closing[] | undefined
  for (const listener of listeners) {
    const one = listener(fd)
    if (one) (all ??= []).push(one)
  }
  return all
}

/**
 * Makes the call that frees number `fd`.
 * @param act gives its result, or a negative errno
 * @param frees whether the number is free after that result
 * @returns what `act` gave
 */
export function closing(fd: number, act: () => number, frees: (result: number) => boolean): number {
  const all = concerned(fd)
  if (!all) return act()
  for (const one of all) one.pause?.()
  const result = act()
  const isFree = frees(result)
  for (const one of all) {
    if (isFree) one.done()
    else one.resume?.()
  }
  return result
}

/** For a close that comes later: call what it gives when the number is free. What is begun meanwhile hears nothing. */
export function closingLater(fd: number): () => void {
  const all = concerned(fd)
  return () => all?.forEach((one) => one.done())
}
