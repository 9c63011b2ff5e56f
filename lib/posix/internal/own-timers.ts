// Timers of this library: they are the process's that set them, and no worker goes on with them. In place of the global functions.
import { setInterval as nodeInterval, setTimeout as nodeTimeout } from 'node:timers'

const known = new WeakSet<NodeJS.Timeout>()

function note(timer: NodeJS.Timeout): NodeJS.Timeout {
  known.add(timer)
  return timer
}

export const setTimeout = (callback: () => void, milliseconds: number): NodeJS.Timeout =>
  note(nodeTimeout(callback, milliseconds))

export const setInterval = (callback: () => void, milliseconds: number): NodeJS.Timeout =>
  note(nodeInterval(callback, milliseconds))

/** Whether a timer was set by this library. */
export const isOwnTimer = (timer: object): boolean => known.has(timer as NodeJS.Timeout)
