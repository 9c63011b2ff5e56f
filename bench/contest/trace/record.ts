// A contestant's server below strace(1) while a few clients come: its timeline, and how many system calls a request takes.
// This is a run of its own: tracing slows everything down, so nothing of it is a figure of the comparison. See: man 1 strace
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { which } from 'posix-async/command'
import type { Contestant } from '../contestants.js'
import { runLoad } from '../../measure/load.js'
import { sessionPids } from '../../measure/proc.js'
import { ServerProcess } from '../server-process.js'
import { workloadsNamed } from '../workloads.js'
import { type Call, parseCalls } from './calls.js'
import { type Known, type Lane, timelineOf } from './timeline.js'

export interface Trace {
  id: string
  label: string
  family: Contestant['family']
  model: Contestant['model']
  about: string
  requests: number
  clients: number
  /** Microseconds. */
  length: number
  lanes: Lane[]
  /** System calls a request, all of them and by name, the most frequent first. */
  calls: { each: number; names: Record<string, number> }
  /** Why there is no timeline. */
  reason?: string
}

export const CLIENTS = 4
export const REQUESTS = 8
const WARM_UP = 40
const ATTACH_TIMEOUT = 5000

function threadsOf(pid: number): Known[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((tid) => ({ pid, tid: Number(tid) }))
  } catch {
    return [] // ended meanwhile
  }
}

// One that has ended meanwhile need not be waited for.
function isTraced({ pid, tid }: Known): boolean {
  try {
    return /TracerPid:\s+[1-9]/.test(readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8'))
  } catch {
    return true
  }
}

class Strace {
  readonly #file: string
  readonly #child
  readonly #ended: Promise<unknown>
  #complaint = ''

  constructor(folder: string, pids: readonly number[]) {
    this.#file = join(folder, 'calls')
    const args = ['-f', '-ttt', '-T', '-s', '4', '-o', this.#file, ...pids.flatMap((pid) => ['-p', String(pid)])]
    this.#child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#complaint += chunk))
    this.#ended = once(this.#child, 'close')
  }

  /** Resolves when it has taken hold of them all. */
  async attached(threads: readonly Known[]): Promise<void> {
    for (const deadline = performance.now() + ATTACH_TIMEOUT; !threads.every(isTraced); await pause(5)) {
      if (this.#child.exitCode !== null || performance.now() > deadline) {
        const why = this.#complaint.split('\n').find((line) => /attach|ptrace/.test(line) && !/attached/.test(line))
        throw new Error(why ?? 'strace could not attach to the server')
      }
    }
  }

  async stop(): Promise<string> {
    if (this.#child.exitCode === null) this.#child.kill('SIGINT')
    await this.#ended
    return readFileSync(this.#file, 'utf8')
  }
}

async function record(server: ServerProcess, run: () => Promise<void>): Promise<{ calls: Call[]; known: Known[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-trace-'))
  try {
    const pids = sessionPids(server.pid)
    const known = pids.flatMap(threadsOf)
    const strace = new Strace(folder, pids)
    try {
      await strace.attached(known)
      await run()
      await pause(20) // the last connections are closed when their clients have gone
      await server.settle(pids.length, 200)
    } catch (error) {
      await strace.stop().catch(() => {})
      throw error
    }
    return { calls: parseCalls(await strace.stop()), known }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function countCalls(calls: readonly Call[], requests: number): Trace['calls'] {
  const counts = new Map<string, number>()
  for (const { name } of calls) counts.set(name, (counts.get(name) ?? 0) + 1)
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a)
  const each = (count: number): number => Math.round((count / requests) * 10) / 10
  return { each: each(calls.length), names: Object.fromEntries(sorted.map(([name, count]) => [name, each(count)])) }
}

async function trace(contestant: Contestant, signal: AbortSignal | undefined): Promise<Partial<Trace>> {
  if (which('strace') === undefined) throw new Error('strace is not there (Debian: apt install strace)')
  const workload = workloadsNamed(['fib27'])[0]!
  const server = await ServerProcess.start(await contestant.command(workload))
  try {
    const load = { ...workload.load, port: server.port, clients: CLIENTS, duration: 5000 }
    const size = server.size
    await runLoad({ ...load, maxRequests: WARM_UP }, { signal })
    await server.settle(size, 2000) // the children of the warm-up
    const { calls, known } = await record(server, async () => {
      const { failed, firstError } = await runLoad({ ...load, maxRequests: REQUESTS }, { signal })
      if (failed > 0) throw new Error(firstError!)
    })
    return { ...timelineOf(calls, known), calls: countCalls(calls, REQUESTS) }
  } finally {
    await server.stop()
  }
}

/** Records one contestant; where that can't be done, the reason is in the trace. */
export async function recordTrace(contestant: Contestant, signal?: AbortSignal): Promise<Trace> {
  const { id, label, family, model, about } = contestant
  const empty = { requests: REQUESTS, clients: CLIENTS, length: 0, lanes: [], calls: { each: 0, names: {} } }
  const named = { id, label, family, model, about, ...empty }
  try {
    return { ...named, ...(await trace(contestant, signal)) }
  } catch (error) {
    signal?.throwIfAborted()
    return { ...named, reason: (error as Error).message }
  }
}
