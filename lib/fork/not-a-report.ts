// What a process says of a child that has sent what it may not: garbage, another form than was agreed, or too much.
import { codedError } from '../errors.js'

/** @param what was sent, after "a child has sent " */
export const notAReport = (what: string): Error =>
  codedError(Error, 'ERR_POSIX_ASYNC_REPORT', `a child has sent what its parent does not accept: ${what}`)

export const isNotAReport = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_POSIX_ASYNC_REPORT'
