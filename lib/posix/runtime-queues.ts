// What the parent's JavaScript has queued (timers, immediates, next ticks), so that a forked child can drop it.
//
// Node keeps these queues in the closures of its own functions. The inspector shows a closure's variables; they are looked up
// once, before the first fork, and cost nothing until then. Where Node is built without the inspector, or names them
// otherwise, what could not be found keeps running in the child, and `found` tells.
import { createRequire } from 'node:module'
import type inspector from 'node:inspector'
import { executionAsyncResource } from 'node:async_hooks'

interface LinkedTimer {
  _idlePrev?: LinkedTimer | null
  _repeat?: number | null
}

interface Queues {
  timerListMap?: Record<string, LinkedTimer>
  immediateQueue?: { head: unknown; tail: unknown }
  immediateInfo?: Uint32Array
  queue?: { shift(): unknown; isEmpty(): boolean }
}

type Variables = { name: string; value: { objectId: string } }[]

// The variables of a function's closure, by the inspector's protocol; synchronous, in this very thread.
function closureReader(): { read: (fn: unknown, names: string[]) => Queues; end: () => void } {
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
        if (names.includes(variable.name) && variable.value?.objectId)
          found[variable.name] = take(variable.value.objectId)
      }
      delete slot.__posixAsync
      return found
    },
    end: () => session.disconnect(),
  }
}

function find(): Queues {
  try {
    const reader = closureReader()
    const queues = {
      ...reader.read(setTimeout, ['timerListMap']),
      ...reader.read(clearImmediate, ['immediateQueue', 'immediateInfo']),
      ...reader.read(process.nextTick, ['queue']),
    }
    reader.end()
    return queues
  } catch {
    return {}
  }
}

let queues: Queues | undefined

/** In the parent, before a fork: finds the queues, once (some milliseconds). Gives the names of those that were found. */
export function findQueues(): string[] {
  queues ??= find()
  return Object.keys(queues)
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

/** In the child: nothing that the parent had queued will run. */
export function dropQueues(): void {
  const { timerListMap, immediateQueue, immediateInfo, queue } = queues ?? {}
  if (timerListMap) dropTimers(timerListMap)
  if (immediateQueue) immediateQueue.head = immediateQueue.tail = null
  if (immediateInfo) immediateInfo.fill(0)
  while (queue && !queue.isEmpty()) queue.shift()
}
