// The end of a connection whose client still sends what nothing waits for: a reply that came before the end of an upload. A socket that is closed
// with bytes unread resets its connection, and the client loses the reply; so the rest is read and dropped for a while, as nginx does.
// See: man 7 tcp, RFC 9112 section 9.6.
import type { Socket } from 'node:net'
import { setInterval } from '../../posix/internal/own-timers.js'

// How long a client may be silent, and how long it may go on, in milliseconds: nginx's lingering_timeout and lingering_time.
const SILENCE = 5000
const LONGEST = 30_000

/**
 * Sends what was written and the end of it, and closes when the client ends too, `isOver` holds, or it takes too long.
 * @param isOver asked whenever bytes have come: whether nothing more is to come
 */
export function closeLingering(socket: Socket, isOver: () => boolean): void {
  const end = performance.now() + LONGEST
  let [read, heardAt] = [socket.bytesRead, performance.now()]
  const close = (): void => void socket.destroy()
  const look = (): void => {
    const now = performance.now()
    if (socket.bytesRead !== read) [read, heardAt] = [socket.bytesRead, now]
    if (socket.writableFinished && (isOver() || now - heardAt > SILENCE || now > end)) close()
  }
  const timer = setInterval(look, SILENCE / 50)
  socket.once('close', () => clearInterval(timer))
  socket.prependOnceListener('end', close) // before node:http takes it for half a request
  socket.once('finish', look)
  socket.end()
  socket.resume()
}
