// How the cost of a message grows with its size, and the memory of a server with the connections that say nothing.
import { type Contestant, contestantsNamed } from '../../contest/contestants.js'
import { runTrial, type Trial } from '../../contest/trial.js'
import { type Workload, workloadsNamed } from '../../contest/workloads.js'
import type { Curve, CurveSeries, GrowthOptions, Plan } from './curve.js'

const SIZES = [64, 512, 4096, 16_384, 65_536, 262_144]
const CONNECTIONS = [50, 200, 1000, 4000, 10_000]
// A process or a thread a connection, each with memory of its own.
const MOST: Record<string, number> = {
  'c-fork': 1000,
  fork: 200,
  'c-thread': 4000,
  'thread-native': 1000,
}

const servers = ['c-epoll', 'c-io-uring', 'event-callbacks', 'event-uring', 'node-net', 'python-asyncio']
const holders = ['c-fork', 'fork', 'c-thread', 'thread-native', 'c-epoll', 'event-callbacks', 'event-uring', 'node-net']

interface Served {
  curve: Curve
  ids: readonly string[]
  rounds: number
  places: (id: string) => number[]
  workload: (x: number) => Workload
  clients: (x: number) => number
  figure: (trial: Trial) => number
}

function servedPlan(served: Served, { duration = 250, signal }: GrowthOptions): Plan {
  const { curve, ids, rounds, places, workload, clients, figure } = served
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
  return { curve, steps, rounds }
}

const [echo, idle] = workloadsNamed(['echo', 'idle']) as [Workload, Workload]

export function messagePlan(options: GrowthOptions): Plan {
  const curve: Curve = {
    name: 'message size',
    title: 'A message, by its size',
    about: `Echo on ${echo.clients} connections that stay: server CPU a message.`,
    x: { title: 'size of a message', unit: 'bytes' },
    y: { title: 'server CPU a message', unit: 'microseconds' },
    series: [],
  }
  const served: Served = {
    ...{ curve, ids: servers, rounds: 5, places: () => SIZES },
    workload: (size) => ({ ...echo, load: { mode: 'echo', size } }),
    clients: () => echo.clients,
    figure: ({ cpu }) => cpu,
  }
  return servedPlan(served, { ...options, duration: (options.duration ?? 250) / 2 })
}

export function connectionPlan(options: GrowthOptions): Plan {
  const curve: Curve = {
    name: 'connections',
    title: 'Memory, by connections that say nothing',
    about:
      'What the connections added to the memory of the server, each page counted once. The kernel has its own beside it.',
    x: { title: 'connections', unit: 'connections' },
    y: { title: 'memory added', unit: 'bytes' },
    series: [],
  }
  const served: Served = {
    ...{ curve, ids: holders, rounds: 1 }, // memory is no matter of chance
    places: (id) => CONNECTIONS.filter((count) => count <= (MOST[id] ?? Infinity)),
    workload: () => idle,
    clients: (count) => count,
    figure: ({ own, atRest }) => Math.max(4096, own - atRest.own),
  }
  return servedPlan(served, options)
}
