// One random call after the other, each judged: it gives a result, or an error with a code, and leaves no descriptor behind when it fails.
import { readdirSync } from 'node:fs'
import * as posix from 'posix-async/posix'
import { BOOM, hostile } from './values.js'
import { backEnds, Made, madeElsewhere, openPool, rules, type Rule } from './rules.js'

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

type Callable = (...args: never[]) => unknown
type Constructor = new (...args: never[]) => object

interface Argument {
  readonly name: string
  readonly value: unknown
}

const isClass = (value: unknown): value is Constructor =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))

/** Everything that can be called, classes among it. */
export const callables = Object.entries(posix).filter(
  ([name, value]) => typeof value === 'function' && !madeElsewhere.has(name),
) as [string, Callable][]

const fds = (): Set<number> => new Set(readdirSync('/proc/self/fd').map(Number))

// A revoked proxy throws the engine's own error, as a getter would its.
const isRevoked = (error: unknown): boolean =>
  error instanceof TypeError && /proxy that has been revoked/.test(error.message)

/** What is wrong with an error, or undefined. */
function faultOf(error: unknown): string | undefined {
  if (error === BOOM) return undefined
  if (error instanceof DOMException) return undefined // an AbortSignal's reason
  if (isRevoked(error)) return undefined
  if (!(error instanceof Error)) return `threw ${typeof error}`
  return typeof (error as NodeJS.ErrnoException).code === 'string' ? undefined : `raw ${error.name}: ${error.stack}`
}

export class Fuzz {
  readonly faults: string[] = []
  readonly called = new Map<string, number>()
  readonly #random: () => number
  readonly #trace: (call: string) => void
  #pool: number[] = []
  #pending: Promise<unknown>[] = []

  /** @param trace is told of each call before it is made */
  constructor(seed: number, trace: (call: string) => void) {
    this.#random = randomOf(seed)
    this.#trace = trace
  }

  /** Calls everything once, each with other arguments. */
  async round(): Promise<void> {
    this.#pool = openPool()
    for (const [name, callable] of callables) {
      if (isClass(callable)) this.#object(name, callable)
      else this.#call(name, callable)
      if (this.#pending.length > 64) await this.#turn()
    }
    for (const fd of this.#pool) posix.close(fd) // what waits for one of them is rejected
    await this.#turn()
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!
  }

  #argument(): Argument {
    if (this.#random() < 0.35) {
      const fd = this.#pick(this.#pool)
      return { name: `fd ${fd}`, value: fd }
    }
    const [name, make] = this.#pick(hostile)
    return { name, value: make() }
  }

  #arguments(rule: Rule): Argument[] {
    const { only = {} } = rule
    const given = Object.keys(only).map(Number)
    const count = Math.max(Math.floor(this.#random() * 6), ...given.map((index) => index + 1))
    return Array.from({ length: count }, (_, index) => {
      if (!given.includes(index)) return this.#argument()
      const choice = this.#pick(only[index]!)
      const value = choice instanceof Made ? choice.make() : choice
      return { name: typeof value === 'object' ? JSON.stringify(value) : String(value), value }
    })
  }

  #call(name: string, callable: Callable, self?: object): void {
    const rule = rules[name] ?? {}
    const given = this.#arguments(rule)
    const what = `${name}(${given.map((one) => one.name).join(', ')})`
    this.#trace(what)
    this.called.set(name, (this.called.get(name) ?? 0) + 1)
    const act = (): unknown =>
      Reflect.apply(
        callable,
        self,
        given.map(({ value }) => value),
      )
    if (rule.forks) this.#judge(what, () => forking(act))
    else if (rule.inChild) inChild(what, act, this.faults)
    else this.#judge(what, act)
  }

  #judge(what: string, act: () => unknown): void {
    const before = fds()
    try {
      const result = act()
      if (result instanceof Promise) this.#await(what, result)
      else giveBack(result, before)
    } catch (error) {
      const fault = faultOf(error)
      if (fault !== undefined) this.faults.push(`${what}: ${fault}`)
      const left = [...fds()].filter((fd) => !before.has(fd) && isTheirs(fd))
      if (left.length > 0) this.faults.push(`${what}: failed, and left descriptors ${left.join()}`)
    }
  }

  #await(what: string, promise: Promise<unknown>): void {
    const judged = promise.catch((error: unknown) => {
      const fault = faultOf(error)
      if (fault !== undefined) this.faults.push(`${what}: rejected, ${fault}`)
    })
    this.#pending.push(judged)
  }

  // A class is made, all that it can do is done, and it is closed.
  #object(name: string, Class: Constructor): void {
    let made: (Record<string, unknown> & { on?: Callable }) | undefined
    this.#call(name, ((...args: never[]) => {
      made = new Class(...args) as typeof made
    }) as Callable)
    if (!made) return
    made.on?.('error' as never, (() => {}) as never)
    for (const method of methodsOf(Class)) this.#call(`${name}.${method}`, made[method] as Callable, made)
    for (const end of ['destroy', 'close']) {
      if (typeof made[end] !== 'function') continue
      this.#trace(`${name}.${end}()`)
      this.#judge(`${name}.${end}()`, () => (made![end] as Callable)())
      break
    }
  }

  // What can be settled by now is.
  async #turn(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    this.#pending = []
  }
}

/** Closes the descriptors that a call has given: those numbers of its result that were not open before. */
function giveBack(result: unknown, before?: ReadonlySet<number>): void {
  const isObject = typeof result === 'object' && result !== null && !ArrayBuffer.isView(result)
  const given = isObject ? Object.values(result as object).flat() : [result]
  for (const fd of new Set(given)) {
    if (before && typeof fd === 'number' && !before.has(fd) && fds().has(fd) && isTheirs(fd)) posix.close(fd)
  }
}

function methodsOf(Class: Constructor): string[] {
  const prototype = Class.prototype as object
  const own = Object.getOwnPropertyDescriptors(prototype)
  const names = Object.keys(own).filter((name) => typeof own[name]!.value === 'function' && !name.startsWith('_'))
  return names.filter((name) => !['constructor', 'close', 'destroy'].includes(name) && !backEnds.has(name))
}

// What Node itself opens at some time, and keeps, is not left by a call.
function isTheirs(fd: number): boolean {
  try {
    return fd > 2 && posix.fcntl(fd, posix.F_GETFD) >= 0 && !posix.isatty(fd)
  } catch {
    return false // it was the listing's own
  }
}

function inChild(what: string, act: () => unknown, faults: string[]): void {
  const pid = posix.fork()
  if (pid > 0) {
    const { status } = posix.waitpid(pid)
    if (posix.WIFSIGNALED(status)) faults.push(`${what}: its process ended by ${posix.WTERMSIG(status)}`)
    else if (posix.WEXITSTATUS(status) === 77) faults.push(`${what}: threw an error without a code`)
    return
  }
  try {
    const result = act()
    if (result instanceof Promise) result.catch(() => {})
  } catch (error) {
    posix._exit(faultOf(error) === undefined ? 0 : 77)
  }
  posix._exit(0)
}

function forking(act: () => unknown): void {
  const result = act() as number | { pid: number; master: number }
  const { pid, master } = typeof result === 'number' ? { pid: result, master: -1 } : result
  if (pid === 0) posix._exit(0)
  posix.waitpid(pid)
  if (master >= 0) posix.close(master)
}
