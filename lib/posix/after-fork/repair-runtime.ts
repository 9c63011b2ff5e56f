// The JavaScript side of a forked child's repair: process.pid, random numbers, signals, queues, watches.
import { AsyncResource } from 'node:async_hooks'
import { randomInt, randomUUID } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ErrnoError } from '../../errors.js'
import { native, shared } from '../../native.js'
import { lastWords } from '../internal/last-words.js'
import { forgetWatches, renewWatches, type Watches } from '../event-loop/epoll-registry.js'
import { forgetMeasurements, prepareEngineWork, type Measurements } from './engine-work.js'
import { findFetchParser, renewFetchParser, type Compilation } from './fetch-parser.js'
import { processes, realProcess } from './main-realm.js'
import { beginGeneration, tellKept } from './fork-generation.js'
import {
  findImmediatesUnderWay,
  findInternals,
  type Internals,
  inspectorRefusal,
  queuesNotFound,
} from './node-internals.js'
import { forgetWrites } from './file-writes.js'
import { findCaches, forgetDate } from './node-caches.js'
import { tellOfFork } from './on-fork.js'
import { beginOutput, endOutput } from './own-output.js'
import { refillPools } from './random-pools.js'
import { dropQueues, timersOfProgram, type KeptTimers } from './parent-queues.js'
import { forgetConnections } from './parent-connections.js'
import { forgetWorkers, type StartedWorkers } from './parent-workers.js'
import { forgetImports } from './pending-imports.js'
import { whyUnsupported } from './supported-node.js'

// What differs between parent and child is one variable that a child sets: the less a child writes to, the fewer pages are copied for it.
const state = shared('runtime', () => ({ pid: process.pid, isChild: false }))
let isPrepared = false
const nobody = (): void => {}
const settled = Promise.resolve()

// What of the parent's was not found in this Node.js, once prepareRuntime has looked for it.
const notFound: string[] = []

/** Why the parent's work would go on in a child; undefined where it would not. In the parent, once prepared. */
export function whyNotSilent(): string | undefined {
  if (notFound.length === 0) return whyUnsupported()
  const refusal = inspectorRefusal()
  const reason = refusal
    ? `the inspector is refused here (${refusal}), by which the library finds ${notFound.join(', ')}`
    : `this Node.js (${process.version}) keeps ${notFound.join(', ')} where the library does not find them`
  return `${reason}: the parent's would go on in the child`
}

/** In the parent, before a fork; the work is done the first time. @returns whether it was the first time: see warm-up.ts */
export function prepareRuntime(): boolean {
  findImmediatesUnderWay(findInternals())
  findFetchParser()
  findCaches(findInternals())
  if (isPrepared) return false
  isPrepared = true
  setFlagsFromString('--no-flush-bytecode') // children need what the parent has compiled and does not call
  for (const one of processes)
    Object.defineProperty(one, 'pid', { get: () => state.pid, enumerable: true, configurable: true })
  leaveByExit(realProcess)
  findNodesExit()
  notFound.push(...queuesNotFound())
  if (!native.findPromiseJobs(() => void settled.then(nobody))) notFound.push('promise jobs')
  if (!native.findMathRandom((probe) => void runInNewContext('probe(Math.random)', { probe })))
    notFound.push('the state of Math.random')
  if (!prepareEngineWork()) notFound.push('what V8 has under way')
  return true
}

/** Collects all that V8 can collect, also compiled code that was not run of late. @returns false: this Node gives no way to ask for it */
export const collectAllGarbage = (): boolean => native.collectAllGarbage()

function renewRandom(internals: Internals): void {
  mustBeNew(native.renewMathRandom())
  mustBeNew(refillPools(!state.isChild))
  renewCaches(internals)
}

// A child without random numbers of its own would repeat its parent's secrets: it does nothing at all.
function mustBeNew(result: number): void {
  if (result < 0 && state.isChild) throw new ErrnoError(result, 'getrandom')
}

// crypto hands out random numbers from caches in the heap: they are filled anew by the kernel, or, where they were not found, used
// up, so that crypto asks OpenSSL, which notices the new pid.
const UUIDS_CACHED = 128
const INTS_CACHED = (6 * 1024) / 6

function renewCaches({ randomCache, uuidData }: Internals): void {
  if (uuidData) mustBeNew(native.getrandom(uuidData))
  else for (let i = 0; i < UUIDS_CACHED; i++) randomUUID()
  if (randomCache) mustBeNew(native.getrandom(randomCache))
  else for (let i = 0; i <= INTS_CACHED; i++) randomInt(2)
}

// What Node tells of rejections by, one after the other; a listener may fork.
const rejectionEvents = new Set([
  'unhandledRejection',
  'rejectionHandled',
  'uncaughtException',
  'uncaughtExceptionMonitor',
])
let telling = 0

function noteTelling<T>(tell: () => T): T {
  telling++
  try {
    return tell()
  } finally {
    telling--
  }
}

// Node's own way to the end takes its environment apart and waits for requests and threads of the parent's that never come back
// here: a child leaves by _exit, as soon as its `exit` listeners have run.
function leaveByExit(process: EventEmitter): void {
  const { emit } = process
  const emitAndLeave = (name: string, ...args: unknown[]): boolean => {
    const tell = (): boolean => Reflect.apply(emit, process, [name, ...args]) as boolean
    const heard = rejectionEvents.has(name) ? noteTelling(tell) : tell()
    if (!state.isChild) return heard
    if (name === 'uncaughtExceptionMonitor' && realProcess.listenerCount('uncaughtException') === 0) printFatal(args[0])
    if (name === 'beforeExit' && !heard && !native.isLoopAlive()) endChild(emit)
    if (name === 'exit') leave(exitStatus(args[0]))
    return heard
  }
  Object.defineProperty(process, 'emit', { value: emitAndLeave, writable: true, configurable: true })
  const node = process as unknown as { reallyExit: (code?: number) => void }
  const { reallyExit } = node
  node.reallyExit = (code) =>
    state.isChild ? leave(Number(code ?? 0) & 0xff) : Reflect.apply(reallyExit, node, [code])
}

// What Node ends with where a module still awaits something at its top level. In a child that may be the parent's.
const UNSETTLED_AWAIT = 13

const exitStatus = (code: unknown): number =>
  Number(realProcess.exitCode ?? (code === UNSETTLED_AWAIT ? 0 : code) ?? 0) & 0xff

// Node's own process.exit; undefined where another one is in its place, which only Node's source tells from it.
let nodesExit: unknown

function findNodesExit(): void {
  const { exit } = realProcess
  if (String(exit).includes('reallyExit')) nodesExit = exit
}

// A test runner puts a process.exit of its own in place of Node's, which throws or tells of it: that is the parent's.
function exitAsNode(code?: number | string | null): never {
  if (code !== undefined) realProcess.exitCode = code ?? undefined
  const state = realProcess as unknown as { _exiting?: boolean }
  if (!state._exiting) {
    state._exiting = true
    realProcess.emit('exit', exitStatus(0))
  }
  return leave(exitStatus(0))
}

function restoreExit(): void {
  for (const one of processes) if (one.exit !== nodesExit) one.exit = exitAsNode
}

// It has run out of events: its `exit` listeners, and then no warning that a module still awaits what is the parent's.
function endChild(emit: EventEmitter['emit']): never {
  const status = exitStatus(0)
  Object.assign(realProcess, { _exiting: true })
  Reflect.apply(emit, realProcess, ['exit', status])
  return leave(exitStatus(status))
}

/** In a child that ends in good order: what it has written to standard output and error is there. */
export function leave(status: number): never {
  endOutput()
  return native._exit(status)
}

// Nothing handles it: Node would print it after the `exit` listeners, when this process is gone.
// `exit` listeners are called once: where one of them throws, nothing is left to come.
function printFatal(error: unknown): void {
  lastWords(error, `\nNode.js ${process.version}\n`)
  if ((realProcess as unknown as { _exiting?: boolean })._exiting) native._exit(1)
}

// Handlers of the parent are its own: the child starts with the default action of each signal, and with no exit handlers. The signals'
// handles were stopped natively, so that nothing is left to do but to forget them.
function dropListeners(process: EventEmitter, { signalWraps }: Internals): void {
  const own = process as unknown as { _events: Record<string, unknown>; _eventsCount: number }
  for (const name of Object.keys(own._events)) {
    if (name !== 'exit' && name !== 'beforeExit' && !name.startsWith('SIG')) continue
    if (!signalWraps) process.removeAllListeners(name)
    else if (delete own._events[name]) own._eventsCount--
  }
  if (signalWraps && signalWraps.size > 0) signalWraps.clear()
}

// In a vm context: what users of this package call `process`.
function dropCopy(internals: Internals): void {
  for (const copy of processes) if (copy !== realProcess) dropListeners(copy, internals)
}

// Stopped natively as well. One that the child wants on the same path would otherwise be the parent's.
function dropFileWatchers({ statWatchers }: Internals): void {
  if (statWatchers && statWatchers.size > 0) statWatchers.clear()
}

function keepRuntime(rehearsal: boolean): void {
  renewWatches()
  tellKept()
  tellOfFork(rehearsal)
}

/** What a child takes over of the program that it goes on with, as a worker does; others take over nothing. */
export interface TakeOver {
  /** Go on there. */
  readonly timers?: KeptTimers | undefined
  /** Connections that the program made end there, as if their other end had reset them, so that their clients connect anew. */
  readonly resetsConnections: boolean
  /**
   * Of those, such as it had before the first of these forks: what it waits for on later ones is its own course. What was made before has a smaller
   * number (see async_hooks).
   */
  madeBefore?: number
}

/** In the parent, before a fork. */
export function noteFirstFork(takeOver: TakeOver): void {
  if (takeOver.resetsConnections) takeOver.madeBefore ??= new AsyncResource('posix-async').asyncId()
}

/** What a child takes over: the timers that the program has at this time, if it `keepsTimers`. */
export function takeOver(keepsTimers: boolean, resetsConnections: boolean): TakeOver {
  return { timers: keepsTimers ? timersOfProgram(findInternals()) : undefined, resetsConnections }
}

/** The same of the program as it is by now. */
export const takeOverNow = ({ timers, resetsConnections }: TakeOver): TakeOver =>
  takeOver(timers !== undefined, resetsConnections)

/** What is repaired: this process, or stand-ins for it. What is left out is this process's. */
export interface Subject {
  readonly emitter: EventEmitter
  readonly internals: Internals
  readonly generation?: { count: number }
  readonly workers?: StartedWorkers
  readonly watches?: Watches
  readonly measurements?: Measurements
  /** null: is not being compiled. */
  readonly fetchParser?: Compilation | null
}

/** In the child, right after the fork, before any other JavaScript. */
export function repairRuntime(
  ownPid: number,
  silent: boolean,
  subject: Subject = { emitter: realProcess, internals: findInternals() },
  takeOver?: TakeOver,
): void {
  const { emitter, internals } = subject
  state.pid = ownPid
  state.isChild = emitter === realProcess
  renewRandom(internals)
  beginGeneration(subject.generation)
  forgetWorkers(subject.workers)
  if (state.isChild) restoreExit()
  if (!silent) return keepRuntime(!state.isChild)
  forgetWatches(subject.watches)
  forgetMeasurements(subject.measurements)
  dropQueues(internals, telling > 0, takeOver?.timers)
  forgetDate(!state.isChild)
  forgetImports(internals)
  dropListeners(emitter, internals)
  if (state.isChild) dropCopy(internals)
  dropFileWatchers(internals)
  forgetConnections(takeOver?.madeBefore)
  renewFetchParser(subject.fetchParser)
  beginOutput(!state.isChild)
  forgetWrites(!state.isChild)
  tellOfFork(!state.isChild)
}
