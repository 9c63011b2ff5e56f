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

export interface Internals {
  timerListMap?: Record<string, LinkedTimer> | undefined
  immediateQueue?: { head: unknown; tail: unknown }
  immediateInfo?: Uint32Array
  queue?: { shift(): unknown; isEmpty(): boolean }
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
    const found = {
      ...read(session, setTimeout, ['timerListMap']),
      ...read(session, clearImmediate, ['immediateQueue', 'immediateInfo']),
      ...read(session, process.nextTick, ['queue']),
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

// Counts of immediates. While one was queued the loop does not wait, and only an immediate's end lets it wait again: hence one that does
// nothing.
function dropImmediates(counts: Uint32Array): void {
  if (!counts.some((count) => count > 0)) return
  counts.fill(0)
  setImmediate(() => {})
}

/** In the child: nothing that the parent had queued will run. `inCallback`: the fork was called by JavaScript. */
export function dropQueues(
  { timerListMap, immediateQueue, immediateInfo, queue }: Internals,
  inCallback: boolean,
): void {
  if (timerListMap) dropTimers(timerListMap)
  if (inCallback) dropIfTimer(executionAsyncResource() as LinkedTimer)
  if (immediateQueue?.head) immediateQueue.head = immediateQueue.tail = null
  if (immediateInfo) dropImmediates(immediateInfo)
  while (queue && !queue.isEmpty()) queue.shift()
}
