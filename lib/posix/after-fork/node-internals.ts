// What Node keeps in closures of its own and a forked child must not share with its parent: the queues of timers, immediates and
// next ticks, and the caches of random numbers.
//
// They are out of JavaScript's reach, but the inspector shows a closure's variables; they are looked up
// once, before the first fork, and cost nothing until then. Where Node is built without the inspector, or names them
// otherwise, a queue that was not found goes on in the child, and a cache is used up instead.
import { randomInt, randomUUID } from 'node:crypto'
import { executionAsyncResource } from 'node:async_hooks'
import { InspectorSession } from './inspector-session.js'

interface LinkedTimer {
  _idlePrev?: LinkedTimer | null
  _repeat?: number | null
}

interface LinkedImmediate {
  _idleNext?: LinkedImmediate | null
  _onImmediate?: unknown
}

interface ImmediateList {
  head: LinkedImmediate | null
  tail: LinkedImmediate | null
}

export interface Internals {
  timerListMap?: Record<string, LinkedTimer> | undefined
  immediateQueue?: ImmediateList
  immediateInfo?: Uint32Array
  queue?: { shift(): unknown; isEmpty(): boolean }
  /** Whether there are ticks, and rejections that nobody has handled yet. */
  tickInfo?: Uint8Array
  /** Node's own, which has these rejections in its closure. */
  processPromiseRejections?: () => boolean
  pendingUnhandledRejections?: Map<unknown, unknown>
  /** What randomInt takes its numbers from. */
  randomCache?: Uint8Array | undefined
  /** What randomUUID takes its numbers from. */
  uuidData?: Uint8Array | undefined
  /** Node's handles of the signals that are listened to. */
  signalWraps?: Map<string, unknown> | undefined
}

// The variables of a function's closure that have one of these names.
function read(session: InspectorSession, fn: unknown, names: (keyof Internals)[]): Internals {
  const { internalProperties } = session.properties(session.idOf(fn))
  const scopes = internalProperties.find(({ name }) => name === '[[Scopes]]')!.value!.objectId!
  const found: Record<string, unknown> = {}
  for (const scope of session.properties(scopes).result) {
    if (scope.value!.description === 'Global') continue // outside all closures, with hundreds of properties
    for (const { name, value } of session.properties(scope.value!.objectId!).result) {
      if ((names as string[]).includes(name) && value?.objectId) found[name] = session.take(value.objectId)
    }
  }
  return found
}

// Node's own, which begins to watch a signal when the first listener comes.
function signalListener(): unknown {
  return process.listeners('newListener' as 'exit').find(({ name }) => name === 'startListeningIfSignal')
}

function find(): Internals {
  randomUUID() // both caches exist from their first use on
  randomInt(2)
  try {
    const session = new InspectorSession()
    const ticks = read(session, process.nextTick, ['queue', 'processPromiseRejections'])
    const found = {
      ...read(session, setTimeout, ['timerListMap']),
      ...read(session, clearImmediate, ['immediateQueue', 'immediateInfo']),
      ...ticks,
      ...read(session, ticks.processPromiseRejections, ['tickInfo']),
      ...read(session, randomInt, ['randomCache']),
      ...read(session, randomUUID, ['uuidData']),
      ...read(session, signalListener(), ['signalWraps']),
    }
    session.close()
    return found
  } catch {
    return {}
  }
}

let internals: Internals | undefined

/** In the parent, before a fork: finds them, once (some milliseconds). */
export function findInternals(): Internals {
  return (internals ??= find())
}

function dropTimers(lists: Record<string, LinkedTimer>): void {
  for (const list of Object.values(lists)) {
    for (let timer = list._idlePrev; timer && timer !== list; timer = list._idlePrev) {
      clearTimeout(timer as NodeJS.Timeout)
    }
  }
}

// An interval whose callback is running is in no list; it would start itself again when the callback returns.
function dropIfTimer(running: LinkedTimer | null): void {
  if (running?._repeat) clearInterval(running as NodeJS.Timeout)
}

/** In the parent: has compiled what `inCallback` leads to. */
export function rehearseDroppingTimers(): void {
  executionAsyncResource()
  dropIfTimer(null)
}

// Node's indices into immediateInfo and tickInfo.
const OUTSTANDING = 2
const REJECTIONS = 1

// Calls `use` with a session that is closed again. Where there is none nothing was found before, and this is not reached.
function inspect<T>(use: (session: InspectorSession) => T): T {
  const session = new InspectorSession()
  try {
    return use(session)
  } finally {
    session.close()
  }
}

// The list that Node is going through, in a closure that nothing leads to: it has the prototype of the queue. Looking for it takes a
// collection of garbage, and is needed only where something else than an immediate forked while immediates were being run.
function immediatesUnderWay(queue: ImmediateList): LinkedImmediate | null {
  const lists = inspect((session) => session.instancesOf(Object.getPrototypeOf(queue))) as ImmediateList[]
  return lists.find((list) => list !== queue && list.head)?.head ?? null
}

// Immediates that were queued together run one after the other: those behind the one that runs are the parent's.
function dropOutstanding(queue: ImmediateList, inCallback: boolean): void {
  const running = inCallback ? (executionAsyncResource() as LinkedImmediate) : {}
  let next = running._onImmediate ? running._idleNext : immediatesUnderWay(queue)
  while (next) {
    const immediate = next
    next = immediate._idleNext
    clearImmediate(immediate as NodeJS.Immediate)
  }
}

// Counts of immediates. While one was queued the loop does not wait, and only an immediate's end lets it wait again: hence one that does
// nothing.
function dropImmediates(queue: ImmediateList, counts: Uint32Array, inCallback: boolean): void {
  if (!counts.some((count) => count > 0)) return
  if (queue.head) queue.head = queue.tail = null
  if (counts[OUTSTANDING]) dropOutstanding(queue, inCallback)
  counts.fill(0)
  setImmediate(() => {})
}

// The map is another one each time that Node has gone through it.
function dropRejections(processRejections: unknown): void {
  const { pendingUnhandledRejections } = inspect((session) =>
    read(session, processRejections, ['pendingUnhandledRejections']),
  )
  pendingUnhandledRejections?.clear()
}

/** In the child: nothing that the parent had queued will run. `inCallback`: the fork was called by JavaScript. */
export function dropQueues(
  { timerListMap, immediateQueue, immediateInfo, queue, tickInfo, processPromiseRejections }: Internals,
  inCallback: boolean,
): void {
  if (timerListMap) dropTimers(timerListMap)
  if (inCallback) dropIfTimer(executionAsyncResource() as LinkedTimer)
  if (immediateQueue && immediateInfo) dropImmediates(immediateQueue, immediateInfo, inCallback)
  while (queue && !queue.isEmpty()) queue.shift()
  if (tickInfo?.[REJECTIONS]) dropRejections(processPromiseRejections)
}
