// How costs grow: of a fork with the memory of the process, of a message with its size, of connections with their number.
import { execFile } from 'node:child_process'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { compile, which } from './compile.js'
import { type Contestant, contestantsNamed, type Family } from './contestants.js'
import { packageFolder, programFile } from './paths.js'
import { median } from './statistics.js'
import { runTrial, type Trial } from './trial.js'
import { type Workload, workloadsNamed } from './workloads.js'

export interface Curve {
  name: string
  title: string
  about: string
  x: Quantity
  y: Quantity
  series: CurveSeries[]
}

/** `unit`: of the numbers. */
export interface Quantity {
  title: string
  unit: 'MiB' | 'bytes' | 'connections' | 'clients' | 'microseconds' | 'a second'
}

export interface CurveSeries {
  id: string
  label: string
  family: Family
  points: [x: number, y: number][]
  /** Why it has fewer points than others. */
  reason?: string
}

export interface GrowthOptions {
  /** Milliseconds of a trial (default 250). */
  duration?: number
  signal?: AbortSignal | undefined
  onProgress?: (progress: { done: number; total: number; what: string }) => void
}

// One measurement of a curve: a point, or the reason why there is none.
interface Step {
  what: string
  series: CurveSeries
  x: number
  measure(): Promise<number>
}

type Plan = [Curve, Step[]]

const HEAPS = [40, 128, 512, 1024, 2048, 4096]
const FORKS = 20

// Runs a program that prints the microseconds of each cycle, and gives their median.
function cycles(file: string, args: readonly string[], signal: AbortSignal | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: 60_000, signal }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim().split('\n').at(-1) || error.message))
      else resolve(median(stdout.trim().split('\n').map(Number)))
    })
  })
}

const forkProgram = programFile('fork-cost')

const forkers: Record<string, { label: string; family: Family; run: (mib: number) => Promise<[string, string[]]> }> = {
  'c-fork': {
    ...{ label: 'C fork', family: 'C' },
    run: async (mib) => [await compile('fork-cost'), [String(mib), String(FORKS)]],
  },
  fork: {
    ...{ label: 'posix-async fork', family: 'posix-async' },
    run: (mib) => {
      const flags = [`--max-old-space-size=${mib + 512}`, forkProgram, String(mib), String(FORKS)]
      return Promise.resolve([process.execPath, flags])
    },
  },
  'python-fork': {
    ...{ label: 'Python os.fork', family: 'Python' },
    run: (mib) => {
      if (which('python3') === undefined) throw new Error('there is no python3')
      const file = join(packageFolder, 'bench/python/fork_cost.py')
      return Promise.resolve(['python3', [file, String(mib), String(FORKS)]])
    },
  },
}

function heapPlan({ signal }: GrowthOptions): Plan {
  const curve: Curve = {
    name: 'heap',
    title: 'A fork, by the memory of the process',
    about: `fork, _exit in the child, and waitpid: the median of ${FORKS}. The kernel copies the page tables, so the cost grows with the memory that is in use.`,
    x: { title: 'memory in use', unit: 'MiB' },
    y: { title: 'time of a fork', unit: 'microseconds' },
    series: [],
  }
  const sizes = HEAPS.filter((mib) => mib < totalmem() / 2 ** 20 / 3)
  const steps = Object.entries(forkers).flatMap(([id, { label, family, run }]) => {
    const series: CurveSeries = { id, label, family, points: [] }
    curve.series.push(series)
    return sizes.map((mib) => ({
      ...{ what: `a fork at ${mib} MiB, ${label}`, series, x: mib },
      measure: async () => cycles(...(await run(mib)), signal),
    }))
  })
  return [curve, steps]
}

const SIZES = [64, 512, 4096, 16_384, 65_536, 262_144]
const CONNECTIONS = [50, 200, 1000, 4000]
// A process or a thread a connection, each with memory of its own.
const MOST: Record<string, number> = {
  'c-fork': 1000,
  fork: 200,
  'c-thread': 4000,
  thread: 1000,
  'thread-native': 1000,
}

const servers = ['c-epoll', 'c-io-uring', 'event-callbacks', 'event-uring', 'node-net', 'python-asyncio']
const holders = ['c-fork', 'fork', 'c-thread', 'thread-native', 'c-epoll', 'event-callbacks', 'event-uring', 'node-net']

interface Served {
  curve: Curve
  ids: readonly string[]
  places: (id: string) => number[]
  workload: (x: number) => Workload
  clients: (x: number) => number
  figure: (trial: Trial) => number
}

function servedPlan(served: Served, { duration = 250, signal }: GrowthOptions): Plan {
  const { curve, ids, places, workload, clients, figure } = served
  const steps = contestantsNamed(ids).flatMap((contestant: Contestant) => {
    const { id, label, family } = contestant
    const series: CurveSeries = { id, label, family, points: [] }
    curve.series.push(series)
    return places(id).map((x) => ({
      ...{ what: `${curve.name} ${x}, ${label}`, series, x },
      measure: async () => {
        const options = { duration, warmUp: duration / 3, clients: clients(x), signal }
        return figure(await runTrial(contestant, workload(x), options))
      },
    }))
  })
  return [curve, steps]
}

const [echo, idle] = workloadsNamed(['echo', 'idle']) as [Workload, Workload]

const messages = (): Served => ({
  curve: {
    name: 'message size',
    title: 'A message, by its size',
    about: 'Echo on 50 connections that stay: server CPU a message.',
    x: { title: 'size of a message', unit: 'bytes' },
    y: { title: 'server CPU a message', unit: 'microseconds' },
    series: [],
  },
  ids: servers,
  places: () => SIZES,
  workload: (size) => ({ ...echo, load: { mode: 'echo', size } }),
  clients: () => echo.clients,
  figure: ({ cpu }) => cpu,
})

const connections = (): Served => ({
  curve: {
    name: 'connections',
    title: 'Memory, by connections that say nothing',
    about:
      'What the connections added to the memory of the server, each page counted once. The kernel has its own beside it.',
    x: { title: 'connections', unit: 'connections' },
    y: { title: 'memory added', unit: 'bytes' },
    series: [],
  },
  ids: holders,
  places: (id) => CONNECTIONS.filter((count) => count <= (MOST[id] ?? Infinity)),
  workload: () => idle,
  clients: (count) => count,
  figure: ({ own, atRest }) => Math.max(4096, own - atRest.own),
})

/** Measures all curves. A point that can't be measured ends its series, with the reason. */
export async function measureGrowth(options: GrowthOptions = {}): Promise<Curve[]> {
  const plans = [heapPlan(options), servedPlan(messages(), options), servedPlan(connections(), options)]
  const steps = plans.flatMap(([, own]) => own)
  for (const [done, { what, series, x, measure }] of steps.entries()) {
    if (series.reason !== undefined) continue
    options.onProgress?.({ done, total: steps.length, what })
    try {
      series.points.push([x, await measure()])
    } catch (error) {
      options.signal?.throwIfAborted()
      series.reason = (error as Error).message
    }
  }
  return plans.map(([curve]) => curve)
}
