// What a process says on standard error by itself, most often before it leaves: it neither throws nor waits for long, whatever has become of its
// reader.
import { writeSync } from 'node:fs'
import { inspect } from 'node:util'
import { poll, POLLOUT } from '../poll.js'

const STDERR = 2
// What a pipe takes without waiting where POLLOUT is told. See: man 7 pipe
const PIPE_BUF = 4096
// Milliseconds that a reader who pauses has until the rest is given up.
const PATIENCE = 1000

// Whether the whole text was written; EAGAIN is waited out, and any other error (no reader, a full disk) ends it.
function writeRest(bytes: Buffer, patience: number): void {
  const end = performance.now() + patience
  for (let left = bytes; left.length > 0;) {
    const wait = Math.max(0, end - performance.now())
    if (poll([{ fd: STDERR, events: POLLOUT, revents: 0 }], wait) === 0) return
    left = left.subarray(writeSync(STDERR, left, 0, Math.min(left.length, PIPE_BUF)))
  }
}

// An error may have a message, a stack or an inspect function that throws.
function described(thrown: unknown): string {
  try {
    return inspect(thrown)
  } catch {
    return 'an error that cannot be shown'
  }
}

/**
 * Writes a text, and what was thrown as `util.inspect` shows it. Never throws.
 * @param patience how long a reader that pauses is waited for, in milliseconds; what it does not take then is lost
 */
export function sayOfError(before: string, thrown: unknown, after: string, patience: number): void {
  try {
    writeRest(Buffer.from(`${before}${described(thrown)}\n${after}`), patience)
  } catch {
    // nobody reads it
  }
}

/** The same as a process leaves: what was thrown, and `more` lines below it. */
export function lastWords(thrown: unknown, more = ''): void {
  sayOfError('', thrown, more, PATIENCE)
}
