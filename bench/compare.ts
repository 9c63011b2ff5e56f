// The main job: every contestant on every workload, in turn and in rounds, so that a noisy moment hits all alike.
import { arch, cpus, release, totalmem } from 'node:os'
import { type Contestant, type Workload, workloads } from './contestants.js'
import { runTrial, type Trial } from './trial.js'

export interface CompareOptions {
  contestants: readonly Contestant[]
  /** Trials of each contestant (default 3). */
  rounds?: number
  /** Milliseconds of each trial that count (default 250). */
  duration?: number
  /** Clients at once (default: the workload's own). */
  clients?: number | undefined
  /** Milliseconds after which no round is begun that would end later (default: none); the report says how many there were. */
  budget?: number | undefined
  signal?: AbortSignal | undefined
  onProgress?: (progress: Progress) => void
}

export interface Progress {
  done: number
  total: number
  workload: string
  label: string
}

/** The median of each figure over the trials; `spread` is (max - min) / median of the rate. */
export interface Summary {
  rate: number
  p50: number
  p99: number
  cpu: number
  errors: number
  spread: number
}

export interface Entry {
  workload: Workload['name']
  id: string
  label: string
  family: Contestant['family']
  model: Contestant['model']
  trials: Trial[]
  summary?: Summary
  /** Why there is no figure, or no further one. */
  reason?: string
}

export interface Report {
  machine: { cpus: string; kernel: string; arch: string; memory: number; node: string }
  options: { rounds: number; duration: number; clients: number | null }
  workloads: { name: Workload['name']; title: string; unit: string; clients: number }[]
  entries: Entry[]
  seconds: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function summarize(trials: readonly Trial[]): Summary {
  const of = (name: 'rate' | 'p50' | 'p99' | 'cpu'): number => median(trials.map((trial) => trial[name]))
  const rates = trials.map(({ rate }) => rate)
  const errors = trials.reduce((sum, { failed }) => sum + failed, 0)
  const spread = (Math.max(...rates) - Math.min(...rates)) / median(rates)
  return { rate: of('rate'), p50: of('p50'), p99: of('p99'), cpu: of('cpu'), errors, spread }
}

function machine(): Report['machine'] {
  const [first] = cpus()
  const model = `${cpus().length} x ${first?.model.trim() || arch()}`
  return { cpus: model, kernel: release(), arch: arch(), memory: totalmem(), node: process.version }
}

interface Pair {
  contestant: Contestant
  workload: Workload
  entry: Entry
}

function pairUp(contestants: readonly Contestant[]): Pair[] {
  return workloads.flatMap((workload) =>
    contestants.map((contestant) => {
      const { id, label, family, model } = contestant
      const entry: Entry = { workload: workload.name, id, label, family, model, trials: [] }
      const unfit = contestant.unfit?.[workload.name]
      return { contestant, workload, entry: unfit === undefined ? entry : { ...entry, reason: unfit } }
    }),
  )
}

async function oneTrial({ contestant, workload, entry }: Pair, options: CompareOptions): Promise<void> {
  const { duration = 250, clients, signal } = options
  try {
    entry.trials.push(await runTrial(contestant, workload, { duration, warmUp: duration / 3, clients, signal }))
  } catch (error) {
    signal?.throwIfAborted()
    entry.reason = (error as Error).message
  }
}

interface Job {
  pairs: Pair[]
  options: CompareOptions
  rounds: number
}

/** Takes the trials in turn, and gives the number of rounds. */
async function takeRounds({ pairs, options, rounds }: Job): Promise<number> {
  const began = performance.now()
  const able = pairs.filter(({ entry }) => entry.reason === undefined)
  const total = able.length * rounds
  let done = 0
  for (let round = 0; round < rounds; round++) {
    const spent = performance.now() - began
    if (round > 0 && spent + spent / round > (options.budget ?? Infinity)) return round
    for (const pair of able) {
      if (pair.entry.reason !== undefined) continue
      options.onProgress?.({ done, total, workload: pair.workload.name, label: pair.contestant.label })
      await oneTrial(pair, options)
      done += pair.entry.reason === undefined ? 1 : rounds - round
    }
  }
  return rounds
}

/** Runs the comparison. A contestant that can't run is reported with the reason; the others go on. */
export async function compare(options: CompareOptions): Promise<Report> {
  const { duration = 250, clients } = options
  const began = performance.now()
  const pairs = pairUp(options.contestants)
  const rounds = await takeRounds({ pairs, options, rounds: options.rounds ?? 3 })
  for (const { entry } of pairs) if (entry.trials.length > 0) entry.summary = summarize(entry.trials)
  return {
    machine: machine(),
    options: { rounds, duration, clients: clients ?? null },
    workloads: workloads.map(({ name, title, unit, load }) => ({
      name,
      title,
      unit,
      clients: clients ?? load.clients!,
    })),
    entries: pairs.map(({ entry }) => entry),
    seconds: (performance.now() - began) / 1000,
  }
}
