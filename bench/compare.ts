// The main job: every contestant on every workload, in turn and in rounds, so that a noisy moment hits all alike.
import { type Contestant, contestants } from './contest/contestants.js'
import { measureGrowth } from './studies/growth/measure.js'
import { describeMachine } from './measure/machine.js'
import type { Cell } from './contest/plan.js'
import { type Entry, putInProportion, summarize } from './contest/summary.js'
import { recordTrace, type Trace } from './contest/trace/record.js'
import { runTrial } from './contest/trial.js'
import { warningsOf } from './contest/warnings.js'
import type { Progress, Report } from './report/schema.js'

export interface CompareOptions {
  cells: readonly Cell[]
  /** Trials of each contestant (default 3). */
  rounds?: number
  /** Milliseconds of each trial that count (default 250). */
  duration?: number
  /** Milliseconds after which no round is begun that would end later (default: none); the report says how many there were. */
  budget?: number | undefined
  /** Whose timelines are recorded (default: nobody's). */
  traced?: readonly Contestant[]
  /** Whether the curves of growth are measured (default false). */
  growth?: boolean | undefined
  /** A user's own handler, of the workload "custom". */
  file?: string | undefined
  signal?: AbortSignal | undefined
  onProgress?: (progress: Progress) => void
}

type Pair = Cell & { entry: Entry }

function pairUp(cells: readonly Cell[]): Pair[] {
  return cells.map((cell) => {
    const { id, label, family, model } = cell.contestant
    const entry: Entry = { workload: cell.workload.name, clients: cell.clients, id, label, family, model, trials: [] }
    if (cell.unfit !== undefined) entry.reason = cell.unfit
    return { ...cell, entry }
  })
}

async function oneTrial({ contestant, workload, clients, entry }: Pair, options: CompareOptions): Promise<void> {
  const { duration = 250, file, signal } = options
  try {
    entry.trials.push(await runTrial(contestant, workload, { duration, warmUp: duration / 3, clients, file, signal }))
  } catch (error) {
    signal?.throwIfAborted()
    entry.reason = (error as Error).message
  }
}

const nameOf = ({ workload, clients, contestant }: Cell): string =>
  `${workload.name}${clients === workload.clients ? '' : ` x${clients}`} ${contestant.label}`

/** How many rounds there will be, judged by those so far (a fraction): as many as end within the budget, and one at least. */
export function roundsWithin(budget: number, spent: number, sofar: number, wished: number): number {
  const possible = spent === 0 || budget === Infinity ? wished : Math.floor((budget * sofar) / spent)
  return Math.max(1, Math.min(wished, possible))
}

/** Takes the trials in turn, and gives the number of rounds. */
async function takeRounds(pairs: readonly Pair[], options: CompareOptions): Promise<number> {
  const { rounds: wished = 3, budget = Infinity, onProgress } = options
  const began = performance.now()
  const able = pairs.filter(({ entry }) => entry.reason === undefined)
  let [done, rounds] = [0, wished]
  for (let round = 0; round < rounds; round++) {
    for (const pair of able) {
      if (pair.entry.reason === undefined) {
        onProgress?.({ done, total: able.length * rounds, what: nameOf(pair) })
        await oneTrial(pair, options)
      }
      done++
      const judged = roundsWithin(budget, performance.now() - began, done / able.length, wished)
      rounds = Math.max(round + 1, judged)
    }
  }
  return rounds
}

function uniqueBy<T, U>(items: readonly T[], by: (item: T) => U): T[] {
  return [...new Map(items.map((item) => [by(item), item])).values()]
}

function contestantsIn(cells: readonly Cell[]): Report['contestants'] {
  const own = uniqueBy(
    cells.map(({ contestant }) => contestant),
    ({ id }) => id,
  )
  return own.map(({ id, label, family, model, about }) => ({ id, label, family, model, about }))
}

function workloadsIn(cells: readonly Cell[]): Report['workloads'] {
  const own = uniqueBy(
    cells.map(({ workload }) => workload),
    ({ name }) => name,
  )
  return own.map(({ name, title, about, unit, load, clients: usual }) => {
    const counts = cells.filter(({ workload }) => workload.name === name).map(({ clients }) => clients)
    const clients = [...new Set(counts)].toSorted((a, b) => a - b)
    const main = clients.includes(usual) ? usual : clients[0]!
    return { name, title, about, unit, mode: load.mode, clients, main }
  })
}

async function takeTraces({ traced = [], signal, onProgress }: CompareOptions): Promise<Trace[]> {
  const traces: Trace[] = []
  for (const contestant of traced) {
    onProgress?.({ done: traces.length, total: traced.length, what: `timeline ${contestant.label}` })
    traces.push(await recordTrace(contestant, signal))
  }
  return traces
}

/** What was asked for and not done, in words. */
export function cutShort(
  rounds: number,
  { rounds: wished = 3, budget }: Pick<CompareOptions, 'rounds' | 'budget'>,
): string[] {
  if (rounds >= wished || budget === undefined) return []
  const rest = `${rounds} of ${wished} rounds were taken, for more would not have ended within ${budget / 1000} s`
  return [`${rest}; -r ${wished} takes them however long that is.`]
}

/** Runs the comparison. A contestant that can't run is reported with the reason; the others go on. */
export async function compare(options: CompareOptions): Promise<Report> {
  const { duration = 250, cells } = options
  const began = performance.now()
  const pairs = pairUp(cells)
  const entries = pairs.map(({ entry }) => entry)
  const rounds = await takeRounds(pairs, options)
  for (const entry of entries) if (entry.trials.length > 0) entry.summary = summarize(entry.trials)
  putInProportion(entries, contestants)
  const traces = await takeTraces(options)
  for (const entry of entries) {
    const calls = traces.find(({ id, reason }) => id === entry.id && reason === undefined)?.calls.each
    if (calls !== undefined && entry.workload === 'fib27') entry.calls = calls
  }
  const { signal, onProgress } = options
  const growth = options.growth ? await measureGrowth({ duration, signal, ...(onProgress && { onProgress }) }) : []
  return {
    schema: 1,
    date: new Date().toISOString(),
    machine: await describeMachine(),
    options: { rounds, duration },
    contestants: contestantsIn(cells),
    workloads: workloadsIn(cells),
    entries,
    traces,
    growth,
    warnings: [...cutShort(rounds, options), ...warningsOf(entries)],
    seconds: (performance.now() - began) / 1000,
  }
}
