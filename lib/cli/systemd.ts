// What systemd wants to hear of a service of Type=notify: that it is ready, reloads, stops, and that it is alive.
// See: man 3 sd_notify, sd_watchdog_enabled.
import { AF_UNIX, clock_gettime, CLOCK_MONOTONIC, close, connect, send, SOCK_DGRAM, socket } from 'posix-async/posix'

const MICROSECONDS = 1000

// A name that begins with @ is an abstract one.
const asPath = (name: string): string => (name.startsWith('@') ? `\0${name.slice(1)}` : name)

function notify(path: string, message: string): void {
  const fd = socket(AF_UNIX, SOCK_DGRAM)
  try {
    connect(fd, { family: AF_UNIX, path: asPath(path) })
    send(fd, Buffer.from(message))
  } catch {
    // nobody listens any more; the service goes on
  } finally {
    close(fd)
  }
}

/** A service that systemd watches over; where it does not (no NOTIFY_SOCKET), nothing is told. */
export class Service {
  readonly #path: string | undefined
  #watchdog: NodeJS.Timeout | undefined

  /** Takes the variables out of `env`: what is started from here is another service, or none. */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
    this.#path = NOTIFY_SOCKET || undefined
    const meant = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
    if (meant && Number(WATCHDOG_USEC) > 0) this.#stayAlive(Number(WATCHDOG_USEC) / MICROSECONDS)
  }

  // Twice in the time that it may be silent.
  #stayAlive(silence: number): void {
    this.#watchdog = setInterval(() => this.#tell('WATCHDOG=1'), silence / 2).unref()
  }

  #tell(...lines: string[]): void {
    if (this.#path !== undefined) notify(this.#path, lines.join('\n'))
  }

  ready(): void {
    this.#tell('READY=1')
  }

  /** Say `ready` when it is done. */
  reloading(): void {
    const microseconds = Math.floor(clock_gettime(CLOCK_MONOTONIC) * MICROSECONDS)
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${microseconds}`)
  }

  stopping(): void {
    clearInterval(this.#watchdog)
    this.#tell('STOPPING=1')
  }
}
