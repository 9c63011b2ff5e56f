// What signals mean to posix-async serve: ending in good order or at once, and with workers, reloading and counting them.
import { messageOf, EXIT } from './failure.js'
import type { RunningServer, WorkersServer } from './serve-models.js'

const tell = (what: string): void => void process.stderr.write(`posix-async: ${what}\n`)

/** TERM and QUIT let the clients finish. INT is at once, but on a terminal only the second is. */
export function stopOnSignals(server: RunningServer): void {
  let interrupts = process.stdin.isTTY ? 0 : 1
  const drain = (): void => void server.close()
  const interrupt = (): void => {
    if (interrupts++ > 0) return stopNow(server)
    tell('finishing what was begun; once more ends it at once')
    drain()
  }
  process.on('SIGTERM', drain).on('SIGQUIT', drain).on('SIGINT', interrupt)
}

function stopNow(server: RunningServer): void {
  server.closeAllConnections()
  process.exit(EXIT.interrupted)
}

/** What the workers' master can be asked for, by name. */
export interface WorkersActions {
  /** Loads the handler anew; what it throws leaves the old one. */
  reload(): Promise<void>
}

/**
 * HUP replaces all workers, TTIN and TTOU make them one more and one fewer, WINCH lets them all go until the next HUP (not on a terminal,
 * where it says that the window has changed its size).
 */
export function workersOnSignals(server: WorkersServer, { reload }: WorkersActions): void {
  const told = (what: Promise<unknown>): void => void what.catch((error: unknown) => tell(messageOf(error)))
  process.on('SIGHUP', () => told(reload()))
  process.on('SIGTTIN', () => told(server.addWorker()))
  process.on('SIGTTOU', () => void server.removeWorker())
  if (!process.stdin.isTTY) process.on('SIGWINCH', () => server.stopWorkers())
}

/** Tells of workers that ended otherwise than they should. */
export function tellOfWorkers(server: WorkersServer): void {
  server.on('exit', ({ id, pid }: { id: number; pid: number }, code: number | null, signal: string | null) => {
    if (code === 0) return
    tell(`worker ${id} (${pid}) ${signal ? `was killed by ${signal}` : `exited with code ${code}`}`)
  })
  server.on('crashloop', (id: number) => tell(`worker ${id} crashes again and again; it is replaced once a second`))
  server.on('spawnError', (error: Error) => tell(error.message))
}
