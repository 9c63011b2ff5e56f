// Signals as callers write them, numbers or names, and sets of them as the kernel writes them, a bit a signal.
import { constants } from 'node:os'
import { codedError, invalidArgType, outOfRange } from '../../errors.js'
import { constant } from '../../native.js'
import { asMemory } from './arguments.js'
import { isMemory } from './memory-view.js'

/** A signal's number, or its name: 'SIGTERM', 'SIGRTMIN', 'SIGRTMIN+3', 'SIGRTMAX-1'. */
export type Signal = number | NodeJS.Signals | `SIGRT${string}`

// What the C library leaves to programs of the kernel's 32 to 64: the first few are its own.
export const SIGRTMIN = constant('SIGRTMIN')
export const SIGRTMAX = constant('SIGRTMAX')

const numbers: Readonly<Record<string, number>> = constants.signals
const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name]))
// Two names share one number on Linux; these are the ones that Node.js uses.
for (const name of ['SIGABRT', 'SIGIO', 'SIGCHLD'] as const) {
  if (numbers[name] !== undefined) names.set(numbers[name], name)
}

function realtime(name: string): number | undefined {
  const [, end, sign = '+', distance = '0'] = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name) ?? []
  if (end === undefined) return undefined
  const number = (end === 'MIN' ? SIGRTMIN : SIGRTMAX) + Number(sign + distance)
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined
}

function fromName(value: string): number {
  const number = numbers[value] ?? realtime(value)
  if (number === undefined) throw codedError(TypeError, 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${value}`)
  return number
}

/** A signal's number; 0, «no signal, only check», where `min` is 0. Throws ERR_UNKNOWN_SIGNAL, ERR_OUT_OF_RANGE, ERR_INVALID_ARG_TYPE. */
export function asSignalNumber(value: unknown, min = 1, name = 'signal'): number {
  if (typeof value === 'string') return fromName(value)
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number or a signal name', value)
  if (!Number.isInteger(value) || value < min || value > SIGRTMAX) {
    throw outOfRange(name, `an integer >= ${min} && <= ${SIGRTMAX}`, value)
  }
  return value
}

/** The name of a signal's number, as `asSignalNumber` takes it: 15 gives 'SIGTERM', 35 gives 'SIGRTMIN+1'. */
export function signalName(signal: number): string {
  const number = asSignalNumber(signal)
  if (number === SIGRTMIN) return 'SIGRTMIN'
  return names.get(number) ?? (number > SIGRTMIN ? `SIGRTMIN+${number - SIGRTMIN}` : `SIG${number}`)
}

/** A set of signals for the kernel: 64 bits, signal n is bit n - 1. Takes any iterable of numbers and names. */
export function asSignalSet(value: unknown, name = 'set'): BigUint64Array {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
    throw invalidArgType(name, 'an array of signals', value)
  }
  if (isMemory(value)) asMemory(value, name) // numbers in a typed array, which may be detached
  const set = new BigUint64Array(1)
  for (const signal of value as Iterable<unknown>) set[0]! |= 1n << BigInt(asSignalNumber(signal, 1, name) - 1)
  return set
}

/** The numbers in a set that the kernel gave, ascending. */
export function signalsOf(set: BigUint64Array): number[] {
  const signals: number[] = []
  for (let signal = 1; signal <= SIGRTMAX; signal++) {
    if ((set[0]! >> BigInt(signal - 1)) & 1n) signals.push(signal)
  }
  return signals
}
