// The JavaScript side of a forked child's repair: process.pid, random numbers, signals, queues, watches.
import { randomInt, randomUUID } from 'node:crypto'
import { native } from '../native.js'
import { forgetWatches, renewWatches } from './registrations.js'
import { dropQueues, findInternals } from './runtime-internals.js'

/** In the parent, before a fork. */
export function prepareRuntime(): void {
  findInternals()
}

// xoshiro128++ by Blackman and Vigna, seeded by the kernel: V8's own generator cannot be seeded again from JavaScript, and its
// state was copied with the heap.
function freshRandom(): () => number {
  const state = new Uint32Array(4)
  native.getrandom(state)
  const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by))
  const next = (): number => {
    const [a, b, c, d] = state as unknown as [number, number, number, number]
    const shifted = b << 9
    state[2] = c ^ a
    state[3] = d ^ b
    state[1] = b ^ state[2]!
    state[0] = a ^ state[3]!
    state[2]! ^= shifted
    state[3] = rotate(state[3]!, 11)
    return (rotate(a + d, 7) + a) >>> 0
  }
  return () => ((next() >>> 6) * 2 ** 27 + (next() >>> 5)) / 2 ** 53
}

// crypto hands out random numbers from caches in the heap: they are filled anew by the kernel, or, where they were not found, used
// up, so that crypto asks OpenSSL, which notices the new pid.
const UUIDS_CACHED = 128
const INTS_CACHED = (6 * 1024) / 6

function renewRandom(): void {
  Object.defineProperty(Math, 'random', { value: freshRandom(), writable: true, configurable: true })
  const { randomCache, uuidData } = findInternals()
  if (uuidData) native.getrandom(uuidData)
  else for (let i = 0; i < UUIDS_CACHED; i++) randomUUID()
  if (randomCache) native.getrandom(randomCache)
  else for (let i = 0; i <= INTS_CACHED; i++) randomInt(2)
}

/** In the child, right after the fork, before any other JavaScript. */
export function repairRuntime(pid: number, silent: boolean): void {
  Object.defineProperty(process, 'pid', { value: pid, enumerable: true, configurable: true, writable: false })
  renewRandom()
  if (!silent) return renewWatches()
  forgetWatches()
  dropQueues()
  // Handlers of the parent are handles of its loop: the child starts with the default action of each signal.
  for (const name of process.eventNames())
    if (typeof name === 'string' && name.startsWith('SIG')) process.removeAllListeners(name)
}
