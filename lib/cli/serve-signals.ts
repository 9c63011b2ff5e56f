// What signals mean to posix-async serve: ending in good order or at once, opening the log anew, and with workers, reloading and
// counting them.
import { constants } from 'node:os'
import { KILLED, messageOf } from './failure.js'
import type { Log } from './log.js'
import type { RunningServer, WorkersServer } from './serve-models.js'
import type { Service } from './systemd.js'

/** What a server in the foreground stands on. */
export interface Surroundings {
  readonly log: Log
  readonly service: Service
}

type Stop = 'SIGTERM' | 'SIGQUIT' | 'SIGINT'

/** TERM and QUIT let the clients finish, a second one ends it at once. INT is at once, but on a terminal only the second is. */
export function stopOnSignals(server: RunningServer, { log, service }: Surroundings): void {
  let stopping = false
  const stop = (signal: Stop): void => {
    if (stopping || (signal === 'SIGINT' && !process.stdin.isTTY)) return stopNow(server, signal)
    stopping = true
    service.stopping()
    if (signal === 'SIGINT') log.tell('finishing what was begun; once more ends it at once')
    void server.close()
  }
  for (const signal of ['SIGTERM', 'SIGQUIT', 'SIGINT'] as const) process.on(signal, stop)
}

function stopNow(server: RunningServer, signal: Stop): void {
  server.closeAllConnections()
  process.exit(KILLED + constants.signals[signal])
}

/** USR1 opens the log anew, where there is one: otherwise the signal is Node's own, which starts its inspector. */
export function reopenOnSignal(log: Log): void {
  if (log.isFile) process.on('SIGUSR1', () => log.reopen())
}

/** What the workers' master can be asked for, by name. */
export interface WorkersActions extends Surroundings {
  /** Loads the handler anew; what it throws leaves the old one. */
  reload(): Promise<void>
}

/**
 * HUP replaces all workers, USR2 replaces them by such as are forked from a warm one, TTIN and TTOU make them one more and one fewer,
 * WINCH lets them all go until the next HUP (not on a terminal, where it says that the window has changed its size).
 */
export function workersOnSignals(server: WorkersServer, { reload, log, service }: WorkersActions): void {
  const told = (what: Promise<unknown>): Promise<unknown> => what.catch((error: unknown) => log.tell(messageOf(error)))
  const reloading = async (what: () => Promise<void>): Promise<void> => {
    service.reloading()
    await told(what())
    service.ready()
  }
  process.on('SIGHUP', () => void reloading(reload))
  process.on('SIGUSR2', () => void reloading(() => server.refork()))
  process.on('SIGTTIN', () => void told(server.addWorker()))
  process.on('SIGTTOU', () => void server.removeWorker())
  if (!process.stdin.isTTY) process.on('SIGWINCH', () => server.stopWorkers())
}

/** Tells of workers that ended otherwise than they should. */
export function tellOfWorkers(server: WorkersServer, log: Log): void {
  server.on('exit', ({ id, pid }: { id: number; pid: number }, code: number | null, signal: string | null) => {
    if (code === 0) return
    log.tell(`worker ${id} (${pid}) ${signal ? `was killed by ${signal}` : `exited with code ${code}`}`)
  })
  server.on('crashloop', (id: number) => log.tell(`worker ${id} crashes again and again; it is replaced once a second`))
  server.on('spawnError', (error: Error) => log.tell(error.message))
}
