// What Node keeps in closures of its own and a forked child must not share with its parent: the queues of timers, immediates and
// next ticks, and the caches of random numbers.
//
// They are out of JavaScript's reach, but The inspector shows a closure's variables; they are looked up
// once, before the first fork, and cost nothing until then. Where Node is built without the inspector, or names them
// otherwise, a queue that was not found goes on in the child, and a cache is used up instead.
import { randomInt, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import type inspector from 'node:inspector'
import { executionAsyncResource } from 'node:async_hooks'

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
}

type Variables = { name: string; value: { objectId: string } }[]

// The variables of a function's closure, by the inspector's protocol; synchronous, in this very thread.
function closureReader(): { read: (fn: unknown, names: (keyof Internals)[]) => Internals; end: () => void } {
  const { Session } = createRequire(import.meta.url)('node:inspector') as typeof inspector
  const session = new Session()
  session.connect()
  const slot = globalThis as unknown as { __posixAsync?: unknown }
  // The protocol's replies come before post returns, with types of their own for each method.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const post = (method: string, params: object): any => {
    let reply: unknown
    session.post(method, params, (error, result) => {
      if (error) throw error
      reply = result
    })
    return reply
  }
  const take = (objectId: string): unknown => {
    post('Runtime.callFunctionOn', { objectId, functionDeclaration: 'function () { globalThis.__posixAsync = this }' })
    return slot.__posixAsync
  }
  const properties = (objectId: string) => post('Runtime.getProperties', { objectId, ownProperties: true })
  const scopesOf = (fn: unknown): Variables[] => {
    slot.__posixAsync = fn
    const { objectId } = post('Runtime.evaluate', { expression: 'globalThis.__posixAsync' }).result
    const inner = properties(objectId).internalProperties as Variables
    const scopes = inner.find(({ name }) => name === '[[Scopes]]')!
    return (properties(scopes.value.objectId).result as Variables).map(
      (scope) => properties(scope.value.objectId).result,
    )
  }
  return {
    read(fn, names) {
      const found: Record<string, unknown> = {}
      for (const variable of scopesOf(fn).flat()) {
        if ((names as string[]).includes(variable.name) && variable.value?.objectId)
          found[variable.name] = take(variable.value.objectId)
      }
      delete slot.__posixAsync
      return found
    },
    end: () => session.disconnect(),
  }
}

function find(): Internals {
  randomUUID() // both caches exist from their first use on
  randomInt(2)
  try {
    const reader = closureReader()
    const found = {
      ...reader.read(setTimeout, ['timerListMap']),
      ...reader.read(clearImmediate, ['immediateQueue', 'immediateInfo']),
      ...reader.read(process.nextTick, ['queue']),
      ...reader.read(randomInt, ['randomCache']),
      ...reader.read(randomUUID, ['uuidData']),
    }
    reader.end()
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
  // An interval whose callback is running is in no list; it would start itself again when the callback returns.
  const running = executionAsyncResource() as LinkedTimer
  if (running?._repeat) clearInterval(running as NodeJS.Timeout)
}

// Counts of immediates. While one was queued the loop does not wait, and only an immediate's end lets it wait again: hence one that does
// nothing.
function dropImmediates(counts: Uint32Array): void {
  const any = counts.some((count) => count > 0)
  counts.fill(0)
  if (any) setImmediate(() => {})
}

/** In the child: nothing that the parent had queued will run. */
export function dropQueues({ timerListMap, immediateQueue, immediateInfo, queue }: Internals): void {
  if (timerListMap) dropTimers(timerListMap)
  if (immediateQueue) immediateQueue.head = immediateQueue.tail = null
  if (immediateInfo) dropImmediates(immediateInfo)
  while (queue && !queue.isEmpty()) queue.shift()
}
