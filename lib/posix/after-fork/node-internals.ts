// What Node keeps in closures of its own and a forked child must not share with its parent: the queues of timers, immediates and
// next ticks, and the caches of random numbers.
//
// They are out of JavaScript's reach, but the inspector shows a closure's variables; they are looked up
// once, before the first fork, and cost nothing until then. Where Node is built without the inspector, or names them
// otherwise, a cache is used up instead; but a queue that was not found would go on in the child, so fork() refuses.
import { executionAsyncResource } from 'node:async_hooks'
import { randomInt, randomUUID } from 'node:crypto'
import { unwatchFile } from 'node:fs'
import { register } from 'node:module'
import { clearImmediate, setTimeout } from 'node:timers'
import { InspectorSession, inspect } from './inspector-session.js'
import { realProcess } from './main-realm.js'

export interface ModuleJob {
  /** The module as V8 has it; while it is being loaded nothing, or a promise of it. */
  module?: { getStatus?: () => number }
}

/** Of Node's loader of modules: its jobs by URL and by type. A job that has not been begun is a function. */
export interface ModuleLoader {
  loadCache: Map<string, Record<string, ModuleJob | (() => unknown)>>
}

export interface LinkedTimer {
  _idlePrev?: LinkedTimer | null
  _onTimeout?: ((...args: unknown[]) => void) | null
  _repeat?: number | null
}

export interface LinkedImmediate {
  _idleNext?: LinkedImmediate | null
  _onImmediate?: unknown
}

export interface ImmediateList {
  head: LinkedImmediate | null
  tail: LinkedImmediate | null
}

interface Queue {
  shift(): unknown
  isEmpty(): boolean
}

export interface Internals {
  timerListMap?: Record<string, LinkedTimer> | undefined
  immediateQueue?: ImmediateList
  immediateInfo?: Uint32Array
  /** The rest of the immediates that Node is going through; looked for when it is needed, see findImmediatesUnderWay. */
  outstandingQueue?: ImmediateList | undefined
  queue?: Queue
  /** Whether there are ticks, and rejections that nobody has handled yet. */
  tickInfo?: Uint8Array
  /** Node's own, which has these rejections in its closure. */
  processPromiseRejections?: () => boolean
  /** Another one each time that Node has gone through it. */
  pendingUnhandledRejections?: Map<unknown, unknown>
  /** An array before Node 24. */
  asyncHandledRejections?: Queue | unknown[]
  /** What runs, from the outside to the inside; Node's own function knows what this array does not. */
  execution_async_resources?: unknown[]
  executionAsyncResource_?: (index: number) => unknown
  async_hook_fields?: Uint32Array
  /** Where in these fields Node counts what runs. */
  kStackLength?: number
  /** What randomInt takes its numbers from. */
  randomCache?: Uint8Array | undefined
  /** What randomUUID takes its numbers from. */
  uuidData?: Uint8Array | undefined
  /** Where it is not found, an import that was under way at the fork never ends in a child. */
  cascadedLoader?: ModuleLoader | undefined
  /** Node's handles of the signals that are listened to. */
  signalWraps?: Map<string, unknown> | undefined
  /** What fs.watchFile watches, by path: one for all listeners. */
  statWatchers?: Map<string, unknown> | undefined
  /** Of node:http, see node-caches.ts. */
  utcDate?: () => string
  resetCache?: () => void
  /** Of undici, see node-caches.ts. */
  fastTimers?: unknown
}

/** The variables of a function's closure that have one of these names. */
export function readClosure<T = Internals>(session: InspectorSession, fn: unknown, names: (keyof T & string)[]): T {
  const { internalProperties } = session.properties(session.idOf(fn))
  const scopes = internalProperties.find(({ name }) => name === '[[Scopes]]')!.value!.objectId!
  const found: Record<string, unknown> = {}
  for (const scope of session.properties(scopes).result) {
    if (scope.value!.description === 'Global') continue // outside all closures, with hundreds of properties
    for (const { name, value } of session.properties(scope.value!.objectId!).result) {
      if (value && (names as string[]).includes(name))
        found[name] = value.objectId ? session.take(value.objectId) : value.value
    }
  }
  return found as T
}

// Node's own, which begins to watch a signal when the first listener comes.
function signalListener(): unknown {
  return realProcess.listeners('newListener' as 'exit').find(({ name }) => name === 'startListeningIfSignal')
}

function find(): Internals {
  randomUUID() // both caches exist from their first use on
  randomInt(2)
  try {
    const session = new InspectorSession()
    const ticks = readClosure(session, realProcess.nextTick, ['queue', 'processPromiseRejections'])
    const found = {
      ...readClosure(session, setTimeout, ['timerListMap']),
      ...readClosure(session, clearImmediate, ['immediateQueue', 'immediateInfo']),
      ...ticks,
      ...readClosure(session, ticks.processPromiseRejections, ['tickInfo']),
      ...readClosure(session, randomInt, ['randomCache']),
      ...readClosure(session, randomUUID, ['uuidData']),
      ...readClosure(session, signalListener(), ['signalWraps']),
      ...readClosure(session, unwatchFile, ['statWatchers']),
      ...readClosure(session, register, ['cascadedLoader']),
      ...readClosure(session, executionAsyncResource, [
        'execution_async_resources',
        'executionAsyncResource_',
        'async_hook_fields',
        'kStackLength',
      ]),
    }
    session.close()
    return found
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    refusal = code === undefined ? '' : `${code}: ${message.trim()}`
    return {}
  }
}

// What the inspector was refused with, where a code tells.
let refusal = ''
let internals: Internals | undefined

/** In the parent, before a fork: finds them, once (some milliseconds). */
export function findInternals(): Internals {
  return (internals ??= find())
}

// Node's index into immediateInfo.
const HAS_OUTSTANDING = 2

/**
 * In the parent, before each fork. While Node goes through immediates it keeps the rest of them in a list that nothing leads to: it has the
 * prototype of the queue. Looking for it takes a collection of garbage; it is needed where a promise job or a tick between two immediates
 * forks, and is done once.
 */
export function findImmediatesUnderWay(internals: Internals): void {
  const { immediateInfo, immediateQueue } = internals
  if (!immediateQueue || !immediateInfo?.[HAS_OUTSTANDING] || internals.outstandingQueue) return
  const lists = inspect((session) => session.instancesOf(Object.getPrototypeOf(immediateQueue))) as ImmediateList[]
  internals.outstandingQueue = lists.find((list) => list !== immediateQueue)
}

// Without these the parent's work would go on in a child.
const queues: Record<string, (keyof Internals)[]> = {
  timers: ['timerListMap'],
  immediates: ['immediateQueue', 'immediateInfo'],
  'next ticks': ['queue'],
  rejections: ['tickInfo', 'processPromiseRejections'],
  'what runs': ['execution_async_resources', 'executionAsyncResource_', 'async_hook_fields', 'kStackLength'],
}

/** Why the inspector could not be asked, as with --permission; empty where it could. Once findInternals was called. */
export const inspectorRefusal = (): string => refusal

/** The queues that were not found, in words. */
export function queuesNotFound(): string[] {
  const found = findInternals()
  return Object.keys(queues).filter((name) => queues[name]!.some((part) => found[part] === undefined))
}
