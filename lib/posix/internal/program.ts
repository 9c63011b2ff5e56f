// What a program is started with, in the form that exec and posix_spawn take: arguments and environment. Internal.
import { invalidArgType, invalidArgValue } from '../../errors.js'
import type { PathName } from '../../native.js'
import { asList, asPathName } from './arguments.js'

/** The environment of a program: names and values, or C's list of 'NAME=value'. */
export type Environment = Readonly<Record<string, string | undefined>> | readonly PathName[]

const NUL = Buffer.from([0])

/** Each ended by a NUL. @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE */
function ended(name: string, strings: unknown): Buffer {
  const all = asList(name, strings, (one, its) => asPathName(one, its), 1 << 20)
  return Buffer.concat(all.flatMap((one) => [typeof one === 'string' ? Buffer.from(one) : one, NUL]))
}

/** @throws ERR_INVALID_ARG_VALUE where there is none: programs take their own name for granted */
export function asArguments(argv: unknown): Buffer {
  const bytes = ended('argv', argv)
  if (bytes.length === 0) throw invalidArgValue('argv', 'must have at least the name of the program', argv)
  return bytes
}

/** Undefined stands for this process's own, as `process.env` has it now. */
export function asEnvironment(envp: unknown = process.env): Buffer {
  if (Array.isArray(envp)) return ended('envp', envp)
  if (typeof envp !== 'object' || envp === null) throw invalidArgType('envp', 'of type object', envp)
  const set = Object.entries(envp as Record<string, unknown>).filter(([, value]) => value !== undefined)
  return ended(
    'envp',
    set.map(([name, value]) => asVariable(name, value)),
  )
}

function asVariable(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidArgType(`envp.${name}`, 'of type string', value)
  if (name === '' || name.includes('=')) throw invalidArgValue('envp', 'must have names without "="', name)
  return `${name}=${value}`
}
