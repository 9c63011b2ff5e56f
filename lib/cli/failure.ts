// How the command fails: one clear line on standard error, and an exit code that says of what kind it was.

/** Exit codes: 1 an error, 2 wrong usage, 3 a worker could not start, 4 the handler's file can't be loaded, 130 interrupted. */
export const EXIT = { error: 1, usage: 2, boot: 3, app: 4, interrupted: 130 } as const
/** With the number of the signal added, the exit code of what a signal has ended at once. */
export const KILLED = 128

/** An error that is told to the user as one line, and nothing else. */
export class Failure extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.error) {
    super(message)
    this.exitCode = exitCode
  }
}

// Connecting to a name with several addresses fails with all of their errors at once; the first speaks for them.
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? firstOf(error.errors[0]) : error
}

/** The first line of an error's message. */
export function messageOf(thrown: unknown): string {
  const error = firstOf(thrown)
  const message = error instanceof Error ? error.message || error.name : String(error)
  return message.split('\n')[0]!
}

/** Tells what went wrong and sets the exit code. A compiler's words are told whole. */
export function fail(error: unknown): void {
  const known = error instanceof Failure
  process.stderr.write(`posix-async: ${known ? error.message : messageOf(error)}\n`)
  process.exitCode = known ? error.exitCode : EXIT.error
}
