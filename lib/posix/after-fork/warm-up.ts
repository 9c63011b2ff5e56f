// What a child of a fork calls first, called in the parent before its first fork, on stand-ins: V8 compiles a function when it is first called,
// and what is compiled in the parent no child compiles for itself. Compiling ahead (compile-ahead.ts in lib/fork) needs no stand-ins, but an
// inspector that looks through all scripts: for these few functions that takes longer than the rest of a first fork.
import { EventEmitter } from 'node:events'
import { findInternals, type Internals } from './node-internals.js'
import { rehearseQueues } from './parent-queues.js'
import { linkedJob } from './pending-imports.js'
import { repairRuntime, type Subject } from './repair-runtime.js'

// Often enough that V8 has nothing more to do for what is rehearsed.
const REHEARSALS = 20

const nothing = (): void => {}

const standInsFor = ({ randomCache, uuidData, queue }: Internals): Internals => ({
  timerListMap: {},
  immediateQueue: { head: null, tail: null },
  immediateInfo: new Uint32Array(3),
  queue: { isEmpty: () => (queue?.isEmpty(), true), shift: () => {} },
  randomCache: randomCache?.slice(),
  uuidData: uuidData?.slice(),
  signalWraps: new Map(),
  execution_async_resources: [],
  async_hook_fields: new Uint32Array(1),
  kStackLength: 0,
  statWatchers: new Map(),
  cascadedLoader: { loadCache: new Map([['', { javascript: linkedJob }]]) },
})

const standIn = (internals: Internals): Subject => ({
  emitter: new EventEmitter().on('SIGWINCH', nothing).on('exit', nothing).on('other', nothing),
  internals,
  generation: { count: 0 },
  workers: new Set(),
  watches: { byFd: new Map(), byId: new Map(), keepers: 0, timesForgotten: 0, forgetThreads: nothing },
  measurements: [],
  fetchParser: null,
})

/** @param exit _exit, which is called with what it refuses */
export function warmUp(exit: (status: number) => never): void {
  const internals = standInsFor(findInternals())
  for (let i = 0; i < REHEARSALS; i++) {
    repairRuntime(process.pid, true, standIn(internals))
    rehearseQueues()
  }
  try {
    exit(-1)
  } catch {
    // out of range
  }
}
