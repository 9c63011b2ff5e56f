// Where posix-async serve tells what happens: standard error, or a file that can be opened anew when it has been moved away.
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { poll, POLLOUT } from 'posix-async/posix'
import { messageOf } from './failure.js'

const STDERR = 2
const MODE = 0o644
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
// Lines that wait for a reader that pauses. Later ones are counted and not kept.
const MOST_WAITING = 1000
// Milliseconds until the next try.
const RETRY = 100

// These two are links in /dev, and mean what the process has already.
const standard: Readonly<Record<string, number>> = { __proto__: null as never, '/dev/stdout': 1, '/dev/stderr': STDERR }
// The log has no reader any more, and gets none.
const OVER = new Set(['EPIPE', 'EIO'])

// A symbolic link is not followed: it could lead the log of a privileged master into another file.
const open = (path: string): number =>
  standard[path] ?? openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, MODE)

/**
 * Standard error where no path is given. Telling never throws and never waits: what the log does not take now (its reader pauses, the disk
 * is full, the terminal is closed) is kept up to 1,000 lines, and the number of those lost is told when it takes lines again.
 */
export class Log {
  readonly #path: string | undefined
  #fd = STDERR
  #waiting: Buffer[] = []
  #lost = 0
  #retry: NodeJS.Timeout | undefined

  /** @throws what opening the file does; ELOOP where the path is a symbolic link */
  constructor(path?: string) {
    this.#path = path
    if (path !== undefined) this.#fd = open(path)
    process.on('exit', () => this.#flush())
  }

  get isFile(): boolean {
    return this.#path !== undefined
  }

  tell(what: string): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(Buffer.from(`posix-async: ${what}\n`))
    else this.#lost++
    this.#flush()
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#writeFirst()) continue
    if (this.#waiting.length > 0) return this.#later()
    if (this.#lost === 0) return
    const lost = this.#lost
    this.#lost = 0
    this.tell(`${lost} lines before this one were lost: the log did not take them`)
  }

  // Whether something was written; the rest of a line that was taken in part stays first.
  #writeFirst(): boolean {
    const [line] = this.#waiting
    try {
      if (poll([{ fd: this.#fd, events: POLLOUT, revents: 0 }], 0) === 0) return false
      const count = writeSync(this.#fd, line!)
      if (count < line!.length) this.#waiting[0] = line!.subarray(count)
      else this.#waiting.shift()
      return count > 0
    } catch (error) {
      // EAGAIN, ENOSPC, EPIPE, EIO: nothing that only tells may end the service.
      if (OVER.has((error as NodeJS.ErrnoException).code ?? '')) this.#waiting = []
      return false
    }
  }

  #later(): void {
    if (this.#retry) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#flush()
    }, RETRY).unref()
  }

  /** The file of that name again, which is another one after logrotate(8). Where it can't be opened the old one goes on. */
  reopen(): void {
    if (this.#path === undefined) return
    try {
      const [old, fresh] = [this.#fd, open(this.#path)]
      this.#fd = fresh
      if (old > STDERR) closeSync(old)
    } catch (error) {
      this.tell(`the log could not be opened anew: ${messageOf(error)}`)
    }
  }
}
