// The JavaScript side of a forked child's repair: process.pid, random numbers, signals, queues, watches.
import { randomInt, randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { writeSync } from 'node:fs'
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { native } from '../native.js'
import { forgetWatches, renewWatches } from './registrations.js'
import { dropQueues, findInternals, type Internals } from './runtime-internals.js'

// What is repaired: the process itself, or a stand-in at the rehearsal.
interface Subject {
  process: EventEmitter
  math: object
  internals: Internals
}

let rehearsed = false
const REHEARSAL = 'posix-async:rehearsal'

/**
 * In the parent, before a fork. The first time, the repair is rehearsed on stand-ins: V8 compiles a function when it is called, and what is
 * compiled here no child has to compile for itself; nor is it thrown away again for not being called here.
 */
export function prepareRuntime(): void {
  if (rehearsed) return
  rehearsed = true
  setFlagsFromString('--no-flush-bytecode')
  const { randomCache, uuidData } = findInternals()
  const standIns = {
    timerListMap: {},
    immediateQueue: { head: null, tail: null },
    queue: { isEmpty: () => true, shift: () => {} },
  }
  const process = new EventEmitter().on('SIGWINCH', () => {}).on('exit', () => {})
  repair(
    { process, math: {}, internals: { ...standIns, randomCache: randomCache?.slice(), uuidData: uuidData?.slice() } },
    0,
  )
  leaveByExit(process)
  process.emit('rehearsed')
  globalThis.process.on(REHEARSAL, () => {}).removeAllListeners(REHEARSAL)
  repairRuntime(0, true, true)
  forgetWatches(true)
  dropFromParent({ process, math: {}, internals: standIns })
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

function renewRandom({ math, internals: { randomCache, uuidData } }: Subject): void {
  const random = freshRandom()
  random()
  Object.defineProperty(math, 'random', { value: random, writable: true, configurable: true })
  if (uuidData) native.getrandom(uuidData)
  else for (let i = 0; i < UUIDS_CACHED; i++) randomUUID()
  if (randomCache) native.getrandom(randomCache)
  else for (let i = 0; i <= INTS_CACHED; i++) randomInt(2)
}

// Node's own way to the end takes its environment apart and waits for requests and threads of the parent's that never come back
// here: a child leaves by _exit, as soon as its `exit` listeners have run.
function leaveByExit(process: EventEmitter): void {
  const { emit } = process
  const emitAndLeave = (name: string, ...args: unknown[]): boolean => {
    const heard = Reflect.apply(emit, process, [name, ...args]) as boolean
    if (name === 'uncaughtExceptionMonitor' && process.listenerCount('uncaughtException') === 0) printFatal(args[0])
    if (name === 'exit') native._exit(Number(globalThis.process.exitCode ?? args[0] ?? 0) & 0xff)
    return heard
  }
  Object.defineProperty(process, 'emit', { value: emitAndLeave, writable: true, configurable: true })
}

// Nobody handles it: Node would print it after the `exit` listeners, when this process is gone.
function printFatal(error: unknown): void {
  writeSync(2, `${inspect(error)}\n\nNode.js ${process.version}\n`)
}

// Handlers of the parent are its own: the child starts with the default action of each signal, and with no exit handlers.
function dropListeners(process: EventEmitter): void {
  for (const name of process.eventNames()) {
    const ofParent = name === 'exit' || name === 'beforeExit' || (typeof name === 'string' && name.startsWith('SIG'))
    if (ofParent) process.removeAllListeners(name)
  }
}

function dropFromParent({ process, internals }: Subject): void {
  dropQueues(internals)
  dropListeners(process)
}

function repair(subject: Subject, pid: number): void {
  Object.defineProperty(subject.process, 'pid', { value: pid, enumerable: true, configurable: true, writable: false })
  renewRandom(subject)
}

let forked = false

/** In the child, right after the fork, before any other JavaScript. */
export function repairRuntime(pid: number, silent: boolean, rehearsal = false): void {
  if (rehearsal) return
  const subject: Subject = { process, math: Math, internals: findInternals() }
  repair(subject, pid)
  if (!forked) leaveByExit(process)
  forked = true
  if (!silent) return renewWatches()
  forgetWatches()
  dropFromParent(subject)
}
