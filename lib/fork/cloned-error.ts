// Errors on their way between processes. Structured clone drops `code` and every other field of an error, so they travel as plain records
// and are made anew, of the class they had where that is one that every process has.
import { serialize } from 'node:v8'
import { ErrnoError } from '../errors.js'

/** A thrown value as plain data: an error as a record, a list of errors (`errors` of an AggregateError), or what can be cloned. */
export type Packed = { error: ErrorRecord } | { list: Packed[] } | { value: unknown }

interface ErrorRecord {
  base: string
  name: string
  message: string
  stack: string | undefined
  fields: { name: string; enumerable: boolean; packed: Packed }[]
}

// The class nearest to an error's own is the first in its chain of prototypes that is here.
const bases: Record<string, { prototype: Error; make: (message: string, name: string) => Error }> = {}
for (const Base of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
  bases[Base.name] = { prototype: Base.prototype, make: (message) => new Base(message) }
}
bases['AggregateError'] = { prototype: AggregateError.prototype, make: (message) => new AggregateError([], message) }
bases['DOMException'] = { prototype: DOMException.prototype, make: (message, name) => new DOMException(message, name) }
bases['ErrnoError'] = { prototype: ErrnoError.prototype, make: () => new ErrnoError(0, '') }

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function baseOf(error: Error): string {
  for (let at: unknown = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at)) {
    const found = Object.keys(bases).find((name) => bases[name]!.prototype === at)
    if (found) return found
  }
  return 'Error'
}

function isCloneable(value: unknown): boolean {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}

/** Takes a thrown value apart; what cannot be cloned becomes `undefined`. An error inside itself ends where it comes again. */
export function pack(value: unknown, within: readonly unknown[] = []): Packed {
  if (within.includes(value)) return { value: undefined }
  const around = [...within, value]
  if (value instanceof Error) return { error: recordOf(value, around) }
  if (Array.isArray(value) && value.some((one) => one instanceof Error)) {
    return { list: value.map((one) => pack(one, around)) }
  }
  return { value: isCloneable(value) ? value : undefined }
}

const ownElsewhere = new Set(['name', 'message', 'stack'])

function recordOf(error: Error, around: readonly unknown[]): ErrorRecord {
  const names = Object.getOwnPropertyNames(error).filter((name) => !ownElsewhere.has(name))
  const fields = names.flatMap((name) => {
    const { value, enumerable = false } = Object.getOwnPropertyDescriptor(error, name)!
    return value === undefined || typeof value === 'function' ? [] : [{ name, enumerable, packed: pack(value, around) }]
  })
  const { name, message, stack } = error
  return { base: baseOf(error), name: text(name), message: text(message), stack: text(stack), fields }
}

/** Puts together what `pack` took apart. */
export function unpack(packed: Packed): unknown {
  if ('error' in packed) return errorOf(packed.error)
  return 'list' in packed ? packed.list.map(unpack) : packed.value
}

function errorOf({ base, name, message, stack, fields }: ErrorRecord): Error {
  const error = bases[base]!.make(message, name)
  const define = (key: string, value: unknown, enumerable = false): void => {
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true })
  }
  if (error.name !== name) define('name', name)
  if (error.message !== message) define('message', message)
  define('stack', stack)
  for (const field of fields) define(field.name, unpack(field.packed), field.enumerable)
  return error
}
