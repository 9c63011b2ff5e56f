// From system calls to what one wants to see: on a lane for each process and thread, who accepts, forks, reads, computes, writes.
import type { Call } from './calls.js'

/** What a thread does for a while. `compute`: it makes no call; it runs, or is ready to and waits for a processor. */
export type What = 'accept' | 'fork' | 'thread' | 'read' | 'compute' | 'write' | 'close' | 'exit' | 'wait' | 'ring'

export interface Event {
  what: What
  /** Microseconds since the timeline's beginning. */
  at: number
  for: number
  /** The system call; none for `compute`. */
  call?: string
  fd?: number
}

export interface Lane {
  pid: number
  tid: number
  kind: 'process' | 'thread'
  /** The thread that made it, where that was seen. */
  from?: number
  events: Event[]
}

/** A process or thread that was there before the first call. */
export interface Known {
  pid: number
  tid: number
}

// Shorter than this a thread without a call is between two of them, in microseconds.
const COMPUTING = 150
// Who is in a call for so long waits in it.
const WAITING = 300

const WAITS =
  /^(epoll_p?wait2?|p?poll|p?select6?|futex|(clock_)?nanosleep|waitid|wait4|rt_sigtimedwait|restart_syscall)$/
const READS = /^(read|readv|preadv2|recvfrom|recvmsg|recvmmsg)$/
const WRITES = /^(write|writev|pwritev2|sendto|sendmsg|sendfile)$/
const FORKS = /^(clone3?|v?fork)$/

class Tracer {
  readonly lanes = new Map<number, Lane>()
  // The client connections that a process has; threads share them, and a child has a copy.
  readonly #clients = new Map<number, Set<number>>()

  constructor(known: readonly Known[]) {
    for (const { pid, tid } of known) this.#add({ pid, tid, kind: pid === tid ? 'process' : 'thread', events: [] })
  }

  #add(lane: Lane): void {
    this.lanes.set(lane.tid, lane)
    if (!this.#clients.has(lane.pid)) this.#clients.set(lane.pid, new Set())
  }

  laneOf(tid: number): Lane {
    if (!this.lanes.has(tid)) this.#add({ pid: tid, tid, kind: 'process', events: [] })
    return this.lanes.get(tid)!
  }

  // The child or thread that a call makes. It may be heard of before the call has returned to its maker.
  made({ tid, args, result }: Call): What {
    const { pid } = this.laneOf(tid)
    const thread = args.includes('CLONE_THREAD')
    if (result > 0) {
      const events = this.lanes.get(result)?.events ?? []
      this.lanes.delete(result)
      this.#add({ pid: thread ? pid : result, tid: result, kind: thread ? 'thread' : 'process', from: tid, events })
      if (!thread) this.#clients.set(result, new Set(this.#clients.get(pid)))
    }
    return thread ? 'thread' : 'fork'
  }

  /** What a call is to somebody who looks at clients; undefined: nothing. */
  meaning(call: Call): What | undefined {
    const { name, args, result } = call
    const clients = this.#clients.get(this.laneOf(call.tid).pid)!
    const fd = Number(/^\d+/.exec(args)?.[0] ?? NaN)
    if (FORKS.test(name)) return this.made(call)
    if (/^accept4?$/.test(name)) return result >= 0 ? (clients.add(result), 'accept') : undefined
    const passed = /SCM_RIGHTS, cmsg_data=\[(\d+)/.exec(args)?.[1]
    if (name === 'recvmsg' && passed !== undefined && result > 0) return (clients.add(Number(passed)), 'accept')
    if (name === 'io_uring_enter') return 'ring'
    if (name === 'exit' || name === 'exit_group') return 'exit'
    if (READS.test(name) && clients.has(fd)) return result > 0 ? 'read' : undefined
    if (WRITES.test(name) && clients.has(fd)) return 'write'
    if (name === 'close' && clients.delete(fd)) return 'close'
    return undefined
  }
}

const descriptorOf = ({ args, result }: Call, what: What): number | undefined => {
  if (what === 'accept') return result
  const fd = /^\d+/.exec(args)?.[0]
  return fd === undefined || !['read', 'write', 'close'].includes(what) ? undefined : Number(fd)
}

// A call that took long waited first: what it is there for happened at its end.
function eventsOf(call: Call, what: What | undefined): Event[] {
  const { name, at, took } = call
  const waits = { what: 'wait' as const, at, for: took, call: name }
  if (what === undefined) return took > WAITING && WAITS.test(name) ? [waits] : []
  const fd = descriptorOf(call, what)
  const event = { what, call: name, ...(fd !== undefined && { fd }) }
  if (took <= WAITING || !['accept', 'read', 'ring'].includes(what)) return [{ ...event, at, for: took }]
  const end = Math.min(30, took / 2)
  return [
    { ...waits, for: took - end },
    { ...event, at: at + took - end, for: end },
  ]
}

function computing(before: number, at: number): Event[] {
  return at - before >= COMPUTING ? [{ what: 'compute', at: before, for: at - before }] : []
}

const isOfInterest = ({ events }: Lane): boolean =>
  events.some(({ what }) => !['wait', 'compute', 'exit'].includes(what))

// When a call takes effect: a connection is there when its call returns, and may have the number of one closed meanwhile; a child
// may act before the call that makes it has returned.
const effectOf = ({ name, at, took }: Call): number => (/^(accept4?|recvmsg)$/.test(name) ? at + took : at)

/** The lanes of those who had to do with clients, from the first client on, in the order in which they appeared. */
export function timelineOf(calls: readonly Call[], known: readonly Known[]): { lanes: Lane[]; length: number } {
  const tracer = new Tracer(known)
  const free = new Map<number, number>() // until when a thread was in its last call
  for (const call of calls.toSorted((one, other) => effectOf(one) - effectOf(other))) {
    const what = tracer.meaning(call)
    const lane = tracer.laneOf(call.tid)
    const before = free.get(call.tid)
    if (before !== undefined) lane.events.push(...computing(before, call.at))
    lane.events.push(...eventsOf(call, what))
    if (!Number.isNaN(call.result)) free.set(call.tid, call.at + call.took)
  }
  return cut([...tracer.lanes.values()].filter(isOfInterest))
}

// From the first client to the last thing that was done for one.
function cut(lanes: readonly Lane[]): { lanes: Lane[]; length: number } {
  const active = lanes.flatMap(({ events }) => events.filter(({ what }) => what !== 'wait' && what !== 'compute'))
  const first = Math.min(...active.filter(({ what }) => what === 'accept' || what === 'ring').map(({ at }) => at))
  const last = Math.max(...active.map((event) => event.at + event.for))
  const margin = (last - first) * 0.01
  const [begin, end] = [first - margin, last + margin]
  const within = (event: Event): Event[] => {
    const at = Math.max(event.at, begin)
    const until = Math.min(event.at + event.for, end)
    return until >= at ? [{ ...event, at: at - begin, for: until - at }] : []
  }
  const kept = lanes.map((lane) => ({ ...lane, events: lane.events.flatMap(within) })).filter(isOfInterest)
  return { lanes: kept, length: end - begin }
}
