// Workers of the parent, in a child: their threads do not live there, so they look like Workers that have ended.
//
// Node tells of each that is started (diagnostics channel `worker_threads`, on the thread that starts it). Their listeners are the parent's
// and hear nothing, not even what had come already. See: man 2 fork.
import { subscribe } from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'

const started = new Set<WeakRef<Worker>>()

subscribe('worker_threads', (message) => {
  for (const known of started) if ((known.deref()?.threadId ?? -1) < 0) started.delete(known)
  started.add(new WeakRef((message as { worker: Worker }).worker))
})

// By these Node reaches the thread and talks to it; null in a Worker that has ended.
const lifelines = ['kHandle', 'kPort', 'kPublicPort']

interface Lifeline {
  removeAllListeners?(): void
}

function bury(worker: Worker & Record<symbol, Lifeline | null>): void {
  worker.unref()
  worker.removeAllListeners()
  for (const symbol of Object.getOwnPropertySymbols(worker)) {
    if (!lifelines.includes(symbol.description ?? '')) continue
    worker[symbol]?.removeAllListeners?.()
    worker[symbol] = null
  }
}

/**
 * In a child: none of them keeps it alive, `terminate()` resolves at once, `postMessage()` does nothing, `threadId` is -1.
 * A rehearsal does nothing: it is for compiling the function where all children have it.
 */
export function forgetWorkers(rehearsal = false): void {
  if (rehearsal || started.size === 0) return
  for (const known of started) {
    const worker = known.deref()
    if (worker) bury(worker as Parameters<typeof bury>[0])
  }
  started.clear()
}
