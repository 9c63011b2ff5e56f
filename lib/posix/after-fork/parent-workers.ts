// Workers of the parent, in a child: their threads do not live there, so they look like Workers that have ended.
//
// Node tells of each that is started (diagnostics channel `worker_threads`, on the thread that starts it). Their listeners are the parent's
// and hear nothing, not even what had come already. See: man 2 fork.
import { subscribe } from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'
import { leaveTransport } from './parent-transports.js'
import type { Weak } from './weak.js'

type Known = Worker & Record<symbol, Lifeline | null>

export type StartedWorkers = Set<Weak<Worker>>

const started: StartedWorkers = new Set()
// Of these Node is just telling the end: it takes their lifelines from them when it has done so.
const ending = new Set<Worker>()

// By these Node reaches the thread and talks to it; null in a Worker that has ended.
const lifelines = ['kHandle', 'kPort', 'kPublicPort']

interface Lifeline {
  onexit?(...args: unknown[]): unknown
  removeAllListeners?(): void
}

const lifelinesOf = (worker: Known): symbol[] =>
  Object.getOwnPropertySymbols(worker).filter(({ description }) => lifelines.includes(description ?? ''))

// A listener that hears of the end, or of a message that came just before, may fork.
function noteEnd(worker: Known): void {
  for (const symbol of lifelinesOf(worker)) {
    const handle = worker[symbol]
    const tell = handle?.onexit
    if (!tell) continue
    handle.onexit = (...args) => {
      ending.add(worker)
      try {
        return Reflect.apply(tell, handle, args)
      } finally {
        ending.delete(worker)
      }
    }
  }
}

subscribe('worker_threads', (message) => {
  const { worker } = message as { worker: Known }
  for (const known of started) if ((known.deref()?.threadId ?? -1) < 0) started.delete(known)
  started.add(new WeakRef(worker))
  noteEnd(worker)
})

const nothing = (): void => {}

function bury(worker: Known): void {
  leaveTransport(worker)
  worker.unref()
  worker.removeAllListeners()
  for (const symbol of lifelinesOf(worker)) {
    const lifeline = worker[symbol]
    lifeline?.removeAllListeners?.()
    if (ending.has(worker)) continue
    if (lifeline?.onexit) lifeline.onexit = nothing // its end may be on the way
    worker[symbol] = null
  }
}

/** In a child: none of them keeps it alive, `terminate()` resolves at once, `postMessage()` does nothing, `threadId` is -1. */
export function forgetWorkers(workers: StartedWorkers = started): void {
  for (const known of workers) {
    const worker = known.deref()
    if (worker) bury(worker as Known)
  }
  workers.clear()
}
