// The JavaScript side of a forked child's repair: process.pid, random numbers, signals, queues, watches.
import { randomFillSync, randomInt, randomUUID } from 'node:crypto'
import { forgetWatches, renewWatches } from './registrations.js'
import { dropQueues, findQueues } from './runtime-queues.js'

/** In the parent, before a fork. */
export function prepareRuntime(): void {
  findQueues()
}

// xoshiro128++ by Blackman and Vigna, seeded by the kernel: V8's own generator cannot be seeded again from JavaScript, and its
// state was copied with the heap.
function freshRandom(): () => number {
  const state = randomFillSync(new Uint32Array(4))
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

// crypto hands out random numbers from caches in the heap; using them up makes it ask OpenSSL, which notices the new pid.
const UUIDS_CACHED = 128
const INTS_CACHED = (6 * 1024) / 6

function renewRandom(): void {
  const random = freshRandom()
  Object.defineProperty(Math, 'random', { value: random, writable: true, configurable: true })
  for (let i = 0; i < UUIDS_CACHED; i++) randomUUID()
  for (let i = 0; i <= INTS_CACHED; i++) randomInt(2)
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
