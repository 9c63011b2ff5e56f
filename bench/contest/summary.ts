// What the trials of one contestant come to: medians, their spread, and the proportion to its reference.
import type { Contestant, Family, Model } from './contestants.js'
import { median, quantile, type Ratio, ratioOf } from '../measure/statistics.js'
import type { Trial } from './trial.js'

/** Medians over the trials. Latencies and `cpu` are in microseconds, memory in bytes. */
export interface Summary {
  rate: number
  p50: number
  p99: number
  p999: number
  /** Of the server, a request. */
  cpu: number
  switches: number
  created: number
  processes: number
  threads: number
  resident: number
  private: number
  own: number
  peak: number
  /** What each connection added to the memory of its own. */
  connection: number
  quantiles: Trial['quantiles']
  /** Of all trials together. */
  errors: number
  /** (max - min) / median of the rate. */
  spread: number
  /** The quarters between which half of the rates lie. */
  quartiles: [number, number]
}

export interface Entry {
  workload: string
  clients: number
  id: string
  label: string
  family: Family
  model: Model
  trials: Trial[]
  summary?: Summary
  /** Its rate and its CPU time a request in proportion to those of `id`, with the bounds of a 95 % interval. */
  against?: { id: string; rate: Ratio; cpu: Ratio }
  /** System calls a request, from a run of its own below strace(1). */
  calls?: number
  /** Why there is no figure, or no further one. */
  reason?: string
}

const FIGURES = [
  ...(['rate', 'p50', 'p99', 'p999', 'cpu', 'switches', 'created'] as const),
  ...(['processes', 'threads', 'resident', 'private', 'own', 'peak'] as const),
]

function quantilesOf(trials: readonly Trial[]): Trial['quantiles'] {
  return trials[0]!.quantiles.map(([at], index) => [at, median(trials.map(({ quantiles }) => quantiles[index]![1]))])
}

export function summarize(trials: readonly Trial[]): Summary {
  const rates = trials.map(({ rate }) => rate)
  const medians = FIGURES.map((name) => [name, median(trials.map((trial) => trial[name]))])
  return {
    ...(Object.fromEntries(medians) as Pick<Summary, (typeof FIGURES)[number]>),
    connection: median(trials.map((trial) => Math.max(0, trial.own - trial.atRest.own) / trial.clients)),
    quantiles: quantilesOf(trials),
    errors: trials.reduce((sum, { failed }) => sum + failed, 0),
    spread: (Math.max(...rates) - Math.min(...rates)) / median(rates),
    quartiles: [quantile(rates, 0.25), quantile(rates, 0.75)],
  }
}

/** Puts in proportion what can be: entries of the same workload and number of clients. */
export function putInProportion(entries: readonly Entry[], contestants: readonly Contestant[]): void {
  const references = new Map(contestants.map(({ id, reference }) => [id, reference]))
  const key = ({ workload, clients }: Entry, id: string): string => `${workload} ${clients} ${id}`
  const byKey = new Map(entries.map((entry) => [key(entry, entry.id), entry]))
  for (const entry of entries) {
    const id = references.get(entry.id)
    const other = id === undefined ? undefined : byKey.get(key(entry, id))
    if (!entry.summary || !other?.summary) continue
    const figures = (name: 'rate' | 'cpu', { trials }: Entry): number[] => trials.map((trial) => trial[name])
    const ratio = (name: 'rate' | 'cpu'): Ratio => ratioOf(figures(name, entry), figures(name, other))
    entry.against = { id: id!, rate: ratio('rate'), cpu: ratio('cpu') }
  }
}
