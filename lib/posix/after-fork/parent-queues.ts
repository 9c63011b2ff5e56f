// What the parent had queued does not run in a child: timers, immediates, ticks, rejections; wherever in the turn of the event loop the fork
// was, also in the middle of one of these queues.
//
// Node counts immediates, its native ones as well, and the loop does not wait while there are any. So each immediate is cleared as a
// program clears it, and no count is set: what is native (a finalizer, the end of a collection) is still to come, and counts itself down.
import { executionAsyncResource } from 'node:async_hooks'
import { clearImmediate, clearInterval, clearTimeout } from 'node:timers'
import { types } from 'node:util'
import { isOwnTimer } from '../internal/own-timers.js'
import { inspect } from './inspector-session.js'
import { isClock } from './node-caches.js'
import {
  type ImmediateList,
  type Internals,
  type LinkedImmediate,
  type LinkedTimer,
  readClosure,
} from './node-internals.js'

function forEachTimer({ timerListMap: lists = {} }: Internals, use: (timer: LinkedTimer) => void): void {
  for (const list of Object.values(lists)) {
    for (let next = list._idlePrev; next && next !== list;) {
      const timer = next
      next = timer._idlePrev
      use(timer)
    }
  }
}

function dropTimers(internals: Internals, kept: KeptTimers | undefined): void {
  forEachTimer(internals, (timer) => {
    if (!isClock(timer) && !kept?.has(timer)) clearTimeout(timer as NodeJS.Timeout)
  })
}

/** Timers that children go on with. */
export type KeptTimers = Pick<WeakSet<object>, 'has'>

// A function that settles a promise has no name and no source: what awaits that is the parent's own course. Bound functions have a name.
const settlesPromise = (call: (...args: unknown[]) => void): boolean =>
  call.name === '' && Function.prototype.toString.call(call).includes('[native code]')

// Of a server that listens in the parent.
const CHECK_OF_CONNECTIONS = 'bound checkConnections'

const isOfProgram = ({ _onTimeout: call }: LinkedTimer): boolean =>
  typeof call === 'function' && call.name !== CHECK_OF_CONNECTIONS && !settlesPromise(call)

/** The timers that the program has set so far: neither this library's nor those for which it waits itself. */
export function timersOfProgram(internals: Internals): KeptTimers {
  const timers = new WeakSet<object>()
  forEachTimer(internals, (timer) => {
    if (isOfProgram(timer) && !isOwnTimer(timer)) timers.add(timer)
  })
  return timers
}

// What runs, from the inside to the outside: a callback may have entered other asynchronous resources before it forked.
function running(internals: Internals): unknown[] {
  const { execution_async_resources: resources, async_hook_fields: fields, kStackLength } = internals
  if (!resources || !fields || kStackLength === undefined) return [executionAsyncResource()]
  const found = []
  for (let index = fields[kStackLength]! - 1; index >= 0; index--) {
    found.push(resources[index] ?? internals.executionAsyncResource_?.(index))
  }
  return found
}

// An interval whose callback is running is in no list; it would start itself again when the callback returns.
function dropInterval(resource: unknown): void {
  if ((resource as LinkedTimer | undefined)?._repeat) clearInterval(resource as NodeJS.Timeout)
}

function dropImmediatesFrom(first: LinkedImmediate | null | undefined): void {
  for (let next = first; next;) {
    const immediate = next
    next = immediate._idleNext
    clearImmediate(immediate as NodeJS.Immediate)
  }
}

// Immediates that were queued together run one after the other: those behind the one that runs are the parent's. Between two of them, and
// where one has thrown, Node has the rest in a list.
function dropImmediatesUnderWay(underWay: unknown[], outstanding: ImmediateList | undefined): void {
  const immediate = underWay.find((resource) => (resource as LinkedImmediate | undefined)?._onImmediate)
  dropImmediatesFrom((immediate as LinkedImmediate | undefined)?._idleNext)
  dropImmediatesFrom(outstanding?.head)
  if (outstanding) outstanding.head = null
}

/** In the parent: has compiled what only some forks lead to. */
export function rehearseQueues(): void {
  executionAsyncResource()
  dropInterval(null)
}

function empty(collection: Internals['asyncHandledRejections'] | Internals['pendingUnhandledRejections']): void {
  if (!collection) return
  if (Array.isArray(collection)) collection.length = 0
  else if ('clear' in collection) collection.clear()
  else while (!collection.isEmpty()) collection.shift()
}

// Of a rejection Node notes whether it has told of it.
const isOfRejections = (map: Map<unknown, unknown>): boolean =>
  types.isMap(map) &&
  [...map.values()].some((value) => typeof value === 'object' && value !== null && 'warned' in value && 'uid' in value)

// `telling`: a listener forks that Node tells of a rejection. Those that come behind it are in a map that nothing leads to.
function dropRejections({ processPromiseRejections }: Internals, telling: boolean): void {
  inspect((session) => {
    const { asyncHandledRejections, pendingUnhandledRejections } = readClosure(session, processPromiseRejections, [
      'asyncHandledRejections',
      'pendingUnhandledRejections',
    ])
    empty(asyncHandledRejections)
    empty(pendingUnhandledRejections)
    if (!telling || !types.isMap(pendingUnhandledRejections)) return
    const maps = session.instancesOf(Object.getPrototypeOf(pendingUnhandledRejections)) as Map<unknown, unknown>[]
    for (const map of maps) if (isOfRejections(map)) map.clear()
  })
}

// Node's index into tickInfo.
const REJECTIONS = 1

/** In the child: nothing that the parent had queued will run, but timers that are `kept`. `telling`: a listener that hears of a rejection has forked. */
export function dropQueues(internals: Internals, telling: boolean, kept?: KeptTimers): void {
  const { immediateQueue, outstandingQueue, queue, tickInfo } = internals
  const underWay = running(internals)
  dropTimers(internals, kept)
  underWay.forEach(dropInterval)
  dropImmediatesFrom(immediateQueue?.head)
  dropImmediatesUnderWay(underWay, outstandingQueue)
  while (queue && !queue.isEmpty()) queue.shift()
  if (tickInfo?.[REJECTIONS]) dropRejections(internals, telling)
}
