// What signals mean to posix-async serve: ending in good order or at once, opening the log anew, and with workers, reloading and
// counting them.
import { closeSync, constants, openSync } from 'node:fs'
import { constants as system } from 'node:os'
import { KILLED, messageOf } from './failure.js'
import type { Log } from './log.js'
import type { RunningServer, WorkersServer } from './serve-models.js'
import type { Service } from './systemd.js'

const { signals } = system

/** What a server in the foreground stands on. */
export interface Reporting {
  readonly log: Log
  readonly service: Service
}

type Stop = 'SIGTERM' | 'SIGQUIT' | 'SIGINT'

// Whether a terminal controls this process, whatever its standard input is: there Ctrl-C sends INT, and a resized window WINCH.
function onTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY))
    return true
  } catch {
    return false // ENXIO, or no such device
  }
}

/** Stops a server from the first moment on, also while it starts. */
export interface Stopping {
  /** The server's option: it is aborted when the server shall drain. */
  readonly signal: AbortSignal
  /** What is cut off when it shall end at once. */
  server?: RunningServer
}

/** TERM and QUIT let the clients finish, a second one ends it at once. INT is at once, but on a terminal only the second is. */
export function stopOnSignals({ log, service }: Reporting): Stopping {
  const draining = new AbortController()
  const stopping: Stopping = { signal: draining.signal }
  const stop = (signal: Stop): void => {
    if (draining.signal.aborted || (signal === 'SIGINT' && !onTerminal())) return stopNow(stopping.server, signal)
    service.stopping()
    if (signal === 'SIGINT') log.tell('finishing what was begun; once more ends it at once')
    draining.abort()
  }
  for (const signal of ['SIGTERM', 'SIGQUIT', 'SIGINT'] as const) process.on(signal, stop)
  return stopping
}

function stopNow(server: RunningServer | undefined, signal: Stop): void {
  server?.closeAllConnections()
  process.exit(KILLED + signals[signal])
}

/** USR1 opens the log anew, where there is one: otherwise the signal is Node's own, which starts its inspector. */
export function reopenOnSignal(log: Log): void {
  if (log.isFile) process.on('SIGUSR1', () => log.reopen())
}

/** What the workers' master can be asked for, by name. */
export interface WorkersActions extends Reporting {
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
  process.on('SIGWINCH', () => void (onTerminal() || server.stopWorkers()))
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
