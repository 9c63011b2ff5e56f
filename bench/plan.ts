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

const QUICK = ['fibonacci', 'fib27', 'echo']
const CLIENT_COUNTS = [1, 64, 512]
const CURVES = ['fibonacci', 'echo']

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

/** Everything: all contestants on the first two workloads, and the main ones on all others and with more and fewer clients. */
export function fullPlan(wishes: Wishes = {}): Cell[] {
  const { contestants: chosen = contestants, clients } = wishes
  const main = wishes.contestants ?? contestants.filter((contestant) => contestant.main)
  return (wishes.workloads ?? workloads).flatMap((workload) => {
    const curve = CURVES.includes(workload.name)
    const own = cross(curve ? chosen : main, workload, clients ?? [workload.clients])
    return curve && !clients ? [...own, ...cross(main, workload, CLIENT_COUNTS)] : own
  })
}
