// What the library opens once and keeps, opened before a fixture's leak gate: `cases({...}, { warmUp: readiness })`.
import { stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { close, pipe, write } from 'posix-async/posix'
import { whenReady } from '../../lib/posix/event-loop/watch.js'

/** The epoll instance behind everything asynchronous, and its handle on the loop. */
export async function readiness(): Promise<void> {
  const [r, w] = pipe()
  write(w, 'x')
  await whenReady(r, 1)
  close(r)
  close(w)
}

/** The spare descriptor that libuv opens with the first socket. */
export async function sockets(): Promise<void> {
  await new Promise((resolve) => connect('/nowhere/at/all').once('error', resolve))
}

/** The threads of libuv's pool, which begin with the first work there is for it. */
export async function threadPool(): Promise<void> {
  await stat('/')
}
