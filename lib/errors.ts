// Where a number from the kernel becomes an exception, and where bad arguments are refused: the only such place.
import { fileURLToPath } from 'node:url'
import { getSystemErrorMap } from 'node:util'
import { constants } from 'node:os'

/** What a failed system call was about; every field that applies is set on the error and named in its message. */
export interface ErrnoDetails {
  /** Host or address, as the caller gave it. */
  address?: string | undefined
  /** TCP or UDP port. */
  port?: number | undefined
  /** File or Unix socket path. */
  path?: string | undefined
}

const codeOf = new Map(Object.entries(constants.errno).map(([code, number]) => [number, code]))
// Two names share one number on Linux; these are the ones that Node.js uses.
for (const code of ['EAGAIN', 'ENOTSUP', 'EDEADLK'] as const) {
  if (code in constants.errno) codeOf.set(constants.errno[code], code)
}
const systemErrors = getSystemErrorMap()

/** The name of an errno (11 or -11 gives 'EAGAIN'); 'UNKNOWN' with the number where the system has no name for it. */
export function errnoCode(errno: number): string {
  const number = Math.abs(errno)
  return codeOf.get(number) ?? systemErrors.get(-number)?.[0] ?? `UNKNOWN(${number})`
}

function describe(errno: number, code: string): string {
  return extraMessages[code] ?? systemErrors.get(-Math.abs(errno))?.[1] ?? 'unknown error'
}

// Errors of Linux that libuv's table does not describe, or describes as those of sockets only.
const extraMessages: Record<string, string> = {
  ENOTSUP: 'operation not supported',
  ECHILD: 'no child processes',
  EDOM: 'numerical argument out of domain',
  EINPROGRESS: 'operation now in progress',
  ENETRESET: 'network dropped connection on reset',
  ENOEXEC: 'exec format error',
  EDEADLK: 'resource deadlock avoided',
  ENOLCK: 'no locks available',
  EIDRM: 'identifier removed',
  ENOMSG: 'no message of desired type',
  ETIME: 'timer expired',
  EDQUOT: 'disk quota exceeded',
  ESTALE: 'stale file handle',
  EMULTIHOP: 'multihop attempted',
  ENOLINK: 'link has been severed',
  EBADMSG: 'bad message',
  ENOSTR: 'device not a stream',
  ENOSR: 'out of streams resources',
  ENODATA: 'no data available',
}

function place({ address, port, path }: ErrnoDetails): string {
  if (path !== undefined) return ` '${path.replaceAll('\0', '@')}'` // an abstract Unix name, as ss(8) shows it
  if (address === undefined) return port === undefined ? '' : ` port ${port}`
  const host = address.includes(':') ? `[${address}]` : address
  return port === undefined ? ` ${address}` : ` ${host}:${port}`
}

/**
 * A system call that failed, in the shape of Node's own system errors:
 * `code` 'EADDRINUSE', `errno` -98 (negative), `syscall` 'bind', and `address`, `port`, `path` where they apply.
 */
export class ErrnoError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string
  declare readonly address?: string
  declare readonly port?: number
  declare readonly path?: string

  /**
   * @param errno the error number, with either sign
   * @param syscall the C function that failed
   * @param details what it was about
   */
  constructor(errno: number, syscall: string, details: ErrnoDetails = {}) {
    const code = errnoCode(errno)
    super(`${code}: ${describe(errno, code)}, ${syscall}${place(details)}`)
    this.code = code
    this.errno = -Math.abs(errno)
    this.syscall = syscall
    if (details.address !== undefined) this.address = details.address
    if (details.port !== undefined) this.port = details.port
    if (details.path !== undefined) this.path = details.path
  }

  override get name(): string {
    return 'ErrnoError'
  }
}

/** Gives a result of the kernel back when it is one, and throws it as an ErrnoError when it is a negative errno. */
export function check(result: number, syscall: string, details?: ErrnoDetails): number {
  if (result < 0) throw new ErrnoError(result, syscall, details)
  return result
}

const EAGAIN = -constants.errno.EAGAIN

/** As `check`, with `null` for «would block» (EAGAIN), which is not an error on an O_NONBLOCK descriptor. */
export function checkOrNull(result: number, syscall: string, details?: ErrnoDetails): number | null {
  return result === EAGAIN ? null : check(result, syscall, details)
}

/** A bad argument or a bad state: Node's own codes (ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ...), before any system call. */
export function codedError<E extends Error>(
  Type: new (message: string, options?: { cause?: unknown }) => E,
  code: string,
  message: string,
  options?: { cause?: unknown },
): E & { code: string } {
  return Object.assign(new Type(message, options), { code })
}

/** What a value says of itself in a message; its own getters and functions may throw, this never does. */
export function shown(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'an object that cannot be shown'
  }
}

function received(value: unknown): string {
  try {
    return described(value)
  } catch {
    return 'an object that cannot be shown' // a getter or a proxy threw
  }
}

function described(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'Object'}`
  return `type ${typeof value} (${typeof value === 'string' ? JSON.stringify(value) : String(value)})`
}

// The folder of the package's own code, as a stack names it; undefined in a bundle, whose code cannot be told from its user's.
const ownFolder = /^file:\/\/.*\//.exec(String((import.meta as { url?: unknown }).url))?.[0]
const ownPath = ownFolder && fileURLToPath(ownFolder)

// The stack of an error about an argument begins at the line that gave it.
function atCaller<E extends Error>(error: E): E {
  const [, ...frames] = ownPath ? stackLines(error) : []
  const own = (frame: string): boolean =>
    frame.includes(ownFolder!) || frame.includes(`(${ownPath}`) || frame.includes(` ${ownPath}`)
  const first = frames.findIndex((frame) => !own(frame))
  if (first > 0) error.stack = [`${error.name}: ${error.message}`, ...frames.slice(first)].join('\n')
  return error
}

// The line of the message, which may have several, and those of the calls.
function stackLines({ stack }: Error): string[] {
  const calls = typeof stack === 'string' ? stack.indexOf('\n    at ') : -1
  return calls < 0 ? [] : [stack!.slice(0, calls), ...stack!.slice(calls + 1).split('\n')]
}

export function invalidArgType(name: string, expected: string, value: unknown): Error {
  const message = `The "${name}" argument must be ${expected}. Received ${received(value)}`
  return atCaller(codedError(TypeError, 'ERR_INVALID_ARG_TYPE', message))
}

export function invalidArgValue(name: string, why: string, value: unknown): Error {
  const message = `The argument "${name}" ${why}. Received ${received(value)}`
  return atCaller(codedError(TypeError, 'ERR_INVALID_ARG_VALUE', message))
}

export function outOfRange(name: string, range: string, value: unknown): Error {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${shown(value)}`
  return atCaller(codedError(RangeError, 'ERR_OUT_OF_RANGE', message))
}

/** An option that there is not: which one was meant, or which there are. */
export function unknownOption(name: string, meant: string | undefined, known: readonly string[]): Error {
  const help = meant === undefined ? `There are: ${known.join(', ')}` : `Did you mean "${meant}"?`
  return atCaller(codedError(TypeError, 'ERR_INVALID_ARG_VALUE', `Unknown option "${name}". ${help}`))
}
