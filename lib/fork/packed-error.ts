// Errors on their way between processes and isolates: taken apart into plain data, and made anew of the class that they had. Structured
// clone drops `code` and every other field of an error, and JSON all of it. What unpacks believes nothing: the sender may be a process
// with fewer rights, taken over by its client.
import { serialize } from 'node:v8'
import { codedError, ErrnoError, shown } from '../errors.js'
import { notAReport } from './not-a-report.js'

/** A thrown value as plain data: an error as a record, a list of errors (`errors` of an AggregateError), or what can be cloned. */
export type Packed = { error: ErrorRecord } | { list: Packed[] } | { value?: unknown }

interface ErrorRecord {
  base: string
  name: string
  message: string
  stack: string | undefined
  fields: { name: string; enumerable: boolean; packed: Packed }[]
}

// How deep errors may lie within each other: what is deeper is left out by the sender and refused by the receiver.
const DEEPEST = 64

// The class nearest to an error's own is the first in its chain of prototypes that is here.
const bases = new Map<string, { prototype: Error; make: (message: string, name: string) => Error }>()
for (const Base of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
  bases.set(Base.name, { prototype: Base.prototype, make: (message) => new Base(message) })
}
bases.set('AggregateError', {
  prototype: AggregateError.prototype,
  make: (message) => new AggregateError([], message),
})
bases.set('DOMException', {
  prototype: DOMException.prototype,
  make: (message, name) => new DOMException(message, name),
})
bases.set('ErrnoError', { prototype: ErrnoError.prototype, make: () => new ErrnoError(0, '') })

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function baseOf(error: Error): string {
  for (let at: unknown = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at)) {
    for (const [name, { prototype }] of bases) if (prototype === at) return name
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

/**
 * Takes a thrown value apart. An object that cannot be cloned becomes an error that says so (ERR_POSIX_ASYNC_THROWN); inside an error,
 * and where it is a function or a symbol, it becomes `undefined`. An error inside itself ends where it comes again.
 */
export function pack(value: unknown, within: readonly unknown[] = []): Packed {
  if (within.includes(value) || within.length >= DEEPEST) return { value: undefined }
  const around = [...within, value]
  if (value instanceof Error) return { error: recordOf(value, around) }
  if (Array.isArray(value) && value.some((one) => one instanceof Error)) {
    return { list: value.map((one) => pack(one, around)) }
  }
  if (isCloneable(value)) return { value }
  if (within.length > 0 || typeof value !== 'object') return { value: undefined }
  const message = `what was thrown cannot be sent to the parent: ${shown(value)}`
  return { error: recordOf(codedError(Error, 'ERR_POSIX_ASYNC_THROWN', message), around) }
}

// A getter of an error's class may throw, and a message be no text.
function read(error: Error, name: 'name' | 'message' | 'stack'): string {
  try {
    return text(error[name])
  } catch {
    return ''
  }
}

const ownElsewhere = new Set(['name', 'message', 'stack'])

function recordOf(error: Error, around: readonly unknown[]): ErrorRecord {
  const names = Object.getOwnPropertyNames(error).filter((name) => !ownElsewhere.has(name))
  const fields = names.flatMap((name) => {
    const { value, enumerable = false } = Object.getOwnPropertyDescriptor(error, name)!
    return value === undefined || typeof value === 'function' ? [] : [{ name, enumerable, packed: pack(value, around) }]
  })
  const [name, message, stack] = [read(error, 'name'), read(error, 'message'), read(error, 'stack')]
  return { base: baseOf(error), name, message, stack, fields }
}

/**
 * Puts together what `pack` took apart, or what a hostile child has sent in its place: each field is looked at.
 * @throws ERR_POSIX_ASYNC_REPORT where it is not of that form
 */
export function unpack(packed: unknown, depth = 0): unknown {
  const { error, list, value } = asObject(packed, depth)
  if (error !== undefined) return errorOf(error, depth)
  if (list === undefined) return value
  if (!Array.isArray(list)) throw notPacked('a list')
  return list.map((one) => unpack(one, depth + 1))
}

/** The same of what must be an error. @throws ERR_POSIX_ASYNC_REPORT */
export function unpackError(packed: unknown): Error {
  return errorOf(asObject(packed, 0)['error'], 0)
}

function errorOf(record: unknown, depth: number): Error {
  const { base, name, message, stack, fields } = asObject(record, depth)
  if (typeof name !== 'string' || typeof message !== 'string') throw notPacked('a name and a message')
  if (stack !== undefined && typeof stack !== 'string') throw notPacked('a stack')
  const make = bases.get(text(base))?.make
  if (!make || !Array.isArray(fields)) throw notPacked('a class and fields')
  const error = make(message, name)
  if (error.name !== name) define(error, 'name', name)
  if (error.message !== message) define(error, 'message', message)
  define(error, 'stack', stack)
  for (const field of fields) defineField(error, field, depth)
  return error
}

function defineField(error: Error, field: unknown, depth: number): void {
  const { name, enumerable, packed } = asObject(field, depth)
  if (typeof name !== 'string' || ownElsewhere.has(name) || typeof enumerable !== 'boolean') throw notPacked('a field')
  define(error, name, unpack(packed, depth + 1), enumerable)
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true })
}

function asObject(value: unknown, depth: number): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) throw notPacked('its parts')
  return value as Record<string, unknown>
}

const notPacked = (what: string): Error => notAReport(`an error without ${what}`)
