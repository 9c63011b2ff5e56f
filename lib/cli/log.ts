// Where posix-async serve tells what happens: standard error, or a file that can be opened anew when it has been moved away.
import { closeSync, openSync, writeSync } from 'node:fs'
import { messageOf } from './failure.js'

const STDERR = 2
const MODE = 0o644

/** Standard error where no path is given. */
export class Log {
  readonly #path: string | undefined
  #fd = STDERR

  /** @throws what opening the file does */
  constructor(path?: string) {
    this.#path = path
    if (path !== undefined) this.#fd = openSync(path, 'a', MODE)
  }

  get isFile(): boolean {
    return this.#path !== undefined
  }

  tell(what: string): void {
    writeSync(this.#fd, `posix-async: ${what}\n`)
  }

  /** The file of that name again, which is another one after logrotate(8). Where it can't be opened the old one goes on. */
  reopen(): void {
    if (this.#path === undefined) return
    try {
      const fresh = openSync(this.#path, 'a', MODE)
      closeSync(this.#fd)
      this.#fd = fresh
    } catch (error) {
      this.tell(`the log could not be opened anew: ${messageOf(error)}`)
    }
  }
}
