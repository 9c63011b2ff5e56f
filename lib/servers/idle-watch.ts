// The idle time of a socket that is node:net's, told apart from the time limit that its application sets by socket.setTimeout.
import type { Socket } from 'node:net'
import { setInterval } from '../posix/internal/own-timers.js'

// How often it is looked at within the time: so much later, at most, it is over. Looks are counted and not hours, so that an event loop that was
// blocked has not made anything idle.
const LOOKS = 8

const progressOf = (socket: Socket): readonly number[] => {
  const { writeQueueSize = 0 } = (socket as { _handle?: { writeQueueSize?: number } | null })._handle ?? {}
  return [socket.bytesRead, socket.bytesWritten, writeQueueSize]
}

/** Calls `idle` once, when no byte has come or gone for `idleTimeout` milliseconds, or an eighth of it later. Keeps no process alive. */
export function watchIdle(socket: Socket, idleTimeout: number, idle: () => void): void {
  let [before, looks] = [progressOf(socket), 0]
  const look = (): void => {
    const now = progressOf(socket)
    looks = now.every((count, at) => count === before[at]) ? looks + 1 : 0
    before = now
    if (looks < LOOKS) return
    clearInterval(timer)
    idle()
  }
  const timer = setInterval(look, Math.max(1, idleTimeout / LOOKS)).unref()
  socket.once('close', () => clearInterval(timer))
}
