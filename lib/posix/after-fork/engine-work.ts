// What V8 has under way for the parent and hands back by a promise of its own: in a child nobody hears of it.
//
// Compilations of WebAssembly, Atomics.waitAsync and FinalizationRegistry are dropped natively (native/core/fork/engine_work.cc), which learns here
// what they look like. A measurement of memory is known by nothing but the promise that it was asked for with, so those are noted.
import vm from 'node:vm'
import { isMainThread } from 'node:worker_threads'
import { native } from '../../native.js'
import type { Weak } from './weak.js'
import { realGlobal } from './main-realm.js'

// What these make is of Node's own realm, where the addon looks at it.
const { Atomics, FinalizationRegistry, Promise } = realGlobal

/** The promises of measurements that are under way. */
export type Measurements = Weak<Promise<unknown>>[]

const measurements: Measurements = []

function noteMeasurements(): void {
  const { measureMemory } = vm
  vm.measureMemory = (...args) => {
    const measured = Reflect.apply(measureMemory, vm, args) as ReturnType<typeof measureMemory>
    measurements.push(new WeakRef(measured))
    return measured
  }
}

if (isMainThread) noteMeasurements()

// The promise of a wait, while `look` has it.
function whileWaiting<T>(look: (waiting: unknown) => T): T {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const { value } = (Atomics as unknown as { waitAsync(...args: unknown[]): { value: unknown } }).waitAsync(cell, 0, 0)
  try {
    return look(value)
  } finally {
    Atomics.notify(cell, 0)
  }
}

const ATTEMPTS = 10

/** In the parent, once, before its first fork. @returns whether all of it can be dropped in a child */
export function prepareEngineWork(): boolean {
  const nothing = (): void => {}
  // More than once, for a collection of garbage that moves what is looked at, and for what lies in memory by chance.
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const pending = new Promise<never>(nothing)
    const registry = new FinalizationRegistry(nothing)
    const look = (waiting: unknown): boolean =>
      native.findEngineWork(registry, nothing, pending, Promise.resolve(7), waiting)
    if (whileWaiting(look)) return true
  }
  return false
}

/** In the child. */
export function forgetMeasurements(underWay: Measurements = measurements): void {
  for (const known of underWay.splice(0)) {
    const measured = known.deref()
    if (measured) native.silencePromise(measured)
  }
}
