// Random bytes that packages keep in memory for later (nanoid, uuid 8, ws, uid): the same bytes would make the same ids in a child, so they are filled
// anew there.
//
// A pool is told from what a child must have as its parent has it, a secret or data, by who fills it and how: it has 256 bytes or more, and a package
// fills it (a file below node_modules), or the same memory is filled once more. Who is asked for random bytes here notes that, by weak references.
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { native } from '../../native.js'

/** Where in the view random bytes are, in bytes. */
interface Pool {
  readonly view: WeakRef<ArrayBufferView>
  from: number
  to: number
}

// Below this nothing is a pool: keys and secrets are shorter.
const SMALLEST = 256

const pools = new Set<Pool>()
const known = new WeakMap<ArrayBufferView, Pool>()
// Those that were filled once, not by a package.
const filled = new WeakSet<ArrayBufferView>()
let sweepAt = 64

const PACKAGE = /[/\\]node_modules[/\\]/

/** Whether what called the function `below` belongs to a package. */
function isCalledByPackage(below: (...args: never[]) => unknown): boolean {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 1
  const here = { stack: '' }
  Error.captureStackTrace(here, below)
  Error.stackTraceLimit = stackTraceLimit
  return typeof here.stack === 'string' && PACKAGE.test(here.stack)
}

function sweep(): void {
  for (const pool of pools) if (!pool.view.deref()) pools.delete(pool)
  sweepAt = Math.max(64, 2 * pools.size)
}

function noteNew(view: ArrayBufferView, from: number, to: number): void {
  if (pools.size >= sweepAt) sweep()
  const pool = { view: new WeakRef(view), from, to }
  known.set(view, pool)
  pools.add(pool)
}

function note(view: ArrayBufferView, from: number, to: number, caller: (...args: never[]) => unknown): void {
  const pool = known.get(view)
  if (pool) {
    pool.from = Math.min(pool.from, from)
    pool.to = Math.max(pool.to, to)
  } else if (filled.has(view) || isCalledByPackage(caller)) noteNew(view, from, to)
  else filled.add(view)
}

/** What was filled of a view that randomFill has accepted; its offset and size count elements. */
function noteFill(view: unknown, offset: unknown, size: unknown, caller: (...args: never[]) => unknown): void {
  if (!ArrayBuffer.isView(view) || view.byteLength < SMALLEST) return
  const element = (view as Partial<Uint8Array>).BYTES_PER_ELEMENT ?? 1
  const from = typeof offset === 'number' ? offset * element : 0
  const to = typeof size === 'number' ? from + size * element : view.byteLength
  if (to - from >= SMALLEST) note(view as ArrayBufferView, from, to, caller)
}

type Fill = (view: unknown, ...rest: unknown[]) => unknown

// A function in the place of Node's, with its name and length.
function replace(owner: object, name: string, make: (original: Fill) => Fill): void {
  const original = (owner as Record<string, Fill>)[name]!
  const replacement = make(original)
  for (const property of ['name', 'length'])
    Object.defineProperty(replacement, property, { value: (original as never)[property], configurable: true })
  Object.defineProperty(owner, name, { ...Object.getOwnPropertyDescriptor(owner, name), value: replacement })
}

const filling = (original: Fill): Fill =>
  function fill(this: unknown, view, ...rest) {
    const result = Reflect.apply(original, this, [view, ...rest])
    noteFill(view, rest[0], rest[1], fill)
    return result
  }

const fillingAll = (original: Fill): Fill =>
  function fill(this: unknown, view, ...rest) {
    const result = Reflect.apply(original, this, [view, ...rest])
    noteFill(view, undefined, undefined, fill)
    return result
  }

const making = (original: Fill): Fill =>
  function make(this: unknown, ...args) {
    const result = Reflect.apply(original, this, args)
    if (ArrayBuffer.isView(result) && result.byteLength >= SMALLEST && isCalledByPackage(make))
      noteNew(result as ArrayBufferView, 0, result.byteLength)
    return result
  }

/** From the loading of the library on. */
function watchFilling(): void {
  for (const name of ['randomFillSync', 'randomFill']) replace(crypto, name, filling)
  replace(crypto, 'randomBytes', making)
  replace(Object.getPrototypeOf(crypto.webcrypto) as object, 'getRandomValues', fillingAll)
  syncBuiltinESMExports()
}

watchFilling()

/** In a child. @returns what getrandom(2) says where it fails, or 0 */
export function refillPools(rehearsal = false): number {
  if (rehearsal) return 0
  for (const { view, from, to } of pools) {
    const bytes = view.deref()
    if (!bytes || bytes.byteLength < to) continue // collected, or its memory is another's by now
    const result = native.getrandom(new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + from, to - from))
    if (result < 0) return result
  }
  return 0
}
