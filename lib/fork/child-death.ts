// What is said of a child that ended as nobody had asked it to.
import { codedError } from '../errors.js'
import { UNSETTLED, type ExitStatus } from './child.js'

/** A child that ended without a result: code ERR_POSIX_ASYNC_CHILD. */
export interface ChildDeath extends Error {
  readonly code: 'ERR_POSIX_ASYNC_CHILD'
  readonly pid: number
  /** Its exit code, or null where a signal killed it. */
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

const causes: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: 'if nobody sent it, the kernel had run out of memory and its OOM killer chose this process (see dmesg)',
  SIGXCPU: 'its limit of processor time is used up',
  SIGXFSZ: 'a file grew over its limit',
  SIGABRT: 'the runtime gave up: out of memory, most often; it says more on standard error',
  SIGTRAP: 'the runtime gave up: out of memory, most often; it says more on standard error',
  SIGSEGV: 'a crash in native code, or memory that its limits did not allow',
}

/**
 * @param isLimited whether it had limits of its own
 * @param early what it had not done where it exited by itself, as " before it had a result"
 */
export function deathOf(pid: number, { code, signal }: ExitStatus, isLimited: boolean, early: string): ChildDeath {
  const how = signal ? `was killed by ${signal}` : `exited with code ${code}${early}`
  const why = signal ? causes[signal] : code === UNSETTLED ? 'what it awaits can never come' : undefined
  const under = signal && isLimited ? ', under limits' : ''
  const message = `child ${pid} ${how}${under}${why ? `: ${why}` : ''}`
  return Object.assign(codedError(Error, 'ERR_POSIX_ASYNC_CHILD', message), {
    pid,
    exitCode: code,
    signal,
  }) as ChildDeath
}
