// Which contestants do which workloads with how many clients: a short comparison, the full one, and what a user asks for.
import { type Contestant, contestants, unfitness } from './contestants.js'
import { type Workload, workloads, workloadsNamed } from './workloads.js'

export interface Cell {
  contestant: Contestant
  workload: Workload
  clients: number
  /** Why it is not run. */
  unfit?: string
}

export interface Wishes {
  contestants?: readonly Contestant[] | undefined
  workloads?: readonly Workload[] | undefined
  /** Clients at once, each number in turn (default: the workload's own). */
  clients?: readonly number[] | undefined
}

/** The workloads of a short comparison. */
export const QUICK: readonly string[] = ['fibonacci', 'fib27', 'echo']
const CLIENT_COUNTS = [1, 8, 64, 512, 1024]
// Those whose figures are curves over the number of clients.
const CURVES = ['fibonacci', 'echo']
const CURVED = [
  ...['c-fork', 'fork', 'fork-blocking', 'python-forking', 'prefork', 'c-thread', 'thread', 'thread-native'],
  ...['c-epoll', 'event-callbacks', 'event-uring', 'node-net'],
]
// A process each for more clients than these is another experiment: those that come and go, and those that stay.
const MOST_CHILDREN = { short: 512, kept: 128 }

// The other places of a curve: those too near to the workload's own number would only show noise.
function placesOf({ model, capacity = Infinity }: Contestant, { clients, load }: Workload): number[] {
  const far = CLIENT_COUNTS.filter((count) => Math.max(count / clients, clients / count) > 2)
  if (model !== 'fork' || capacity < Infinity) return far
  const most = load.mode === 'echo' ? MOST_CHILDREN.kept : MOST_CHILDREN.short
  return far.filter((count) => count <= most)
}

function cross(contestants: readonly Contestant[], workload: Workload, counts: readonly number[]): Cell[] {
  return counts.flatMap((clients) =>
    contestants.map((contestant) => {
      const unfit = unfitness(contestant, workload, clients)
      return { contestant, workload, clients, ...(unfit !== undefined && { unfit }) }
    }),
  )
}

/** What fits in a minute: the main models, on a connection, on computing and on messages. */
export function quickPlan(wishes: Wishes = {}): Cell[] {
  const { contestants: chosen = contestants.filter(({ quick }) => quick), clients } = wishes
  const wished = wishes.workloads ?? workloadsNamed(QUICK)
  return wished.flatMap((workload) => cross(chosen, workload, clients ?? [workload.clients]))
}

/** The first workloads with everybody, the others with those that stand for a model, and curves over the number of clients. */
export function fullPlan(wishes: Wishes = {}): Cell[] {
  const { clients } = wishes
  const chosen = wishes.workloads ?? workloads.filter(({ full }) => full)
  return chosen.flatMap((workload) => {
    const { full = 'main' } = workload
    const able = wishes.contestants ?? contestants.filter((contestant) => full === 'all' || contestant[full])
    const own = cross(able, workload, clients ?? [workload.clients])
    if (clients || !CURVES.includes(workload.name)) return own
    const curved = able.filter(({ id }) => CURVED.includes(id))
    return [...own, ...curved.flatMap((one) => cross([one], workload, placesOf(one, workload)))]
  })
}
