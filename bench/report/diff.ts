// Two comparisons beside each other: what changed beyond noise, from the trials of both.
import Table from 'cli-table3'
import colors from 'picocolors'
import type { Report } from './schema.js'
import { proportion } from './report.js'
import { type Ratio, ratioOf } from '../measure/statistics.js'
import type { Entry } from '../contest/summary.js'

export interface Change {
  workload: string
  clients: number
  label: string
  /** New in proportion to old. */
  rate: Ratio
  cpu: Ratio
  /** In words; empty: nothing beyond noise. */
  verdict: string[]
}

export interface Difference {
  changes: Change[]
  /** What only one of the two has, and in what the machines differ. */
  remarks: string[]
}

// Less than this nobody would act on, however sure it is.
const LEAST = 0.03

const isBeyondNoise = ({ ratio, low, high }: Ratio): boolean => (low > 1 || high < 1) && Math.abs(ratio - 1) > LEAST

function verdictOf(rate: Ratio, cpu: Ratio): string[] {
  const percent = ({ ratio }: Ratio): string => `${Math.abs(Math.round((ratio - 1) * 100))} %`
  return [
    ...(isBeyondNoise(rate) ? [`${percent(rate)} ${rate.ratio > 1 ? 'faster' : 'slower'}`] : []),
    ...(isBeyondNoise(cpu) ? [`${percent(cpu)} ${cpu.ratio > 1 ? 'more' : 'less'} CPU`] : []),
  ]
}

const keyOf = ({ workload, clients, id }: Entry): string => `${workload} x${clients} ${id}`

const measured = ({ entries }: Report): Map<string, Entry> =>
  new Map(entries.filter(({ trials }) => trials.length > 0).map((entry) => [keyOf(entry), entry]))

function changeOf(old: Entry, now: Entry): Change {
  const figures = (name: 'rate' | 'cpu', { trials }: Entry): number[] => trials.map((trial) => trial[name])
  const ratio = (name: 'rate' | 'cpu'): Ratio => ratioOf(figures(name, now), figures(name, old))
  const [rate, cpu] = [ratio('rate'), ratio('cpu')]
  const { workload, clients, label } = now
  return { workload, clients, label, rate, cpu, verdict: verdictOf(rate, cpu) }
}

function machineRemarks(old: Report, now: Report): string[] {
  const names = ['cpus', 'kernel', 'node', 'posixAsync'] as const
  return names
    .filter((name) => old.machine[name] !== now.machine[name])
    .map((name) => `${name}: ${old.machine[name]} then, ${now.machine[name]} now`)
}

export function differenceOf(old: Report, now: Report): Difference {
  const [before, after] = [measured(old), measured(now)]
  const changes = [...after].flatMap(([key, entry]) => {
    const one = before.get(key)
    return one ? [changeOf(one, entry)] : []
  })
  const only = (one: Map<string, Entry>, other: Map<string, Entry>): string[] =>
    [...one.keys()].filter((key) => !other.has(key))
  return {
    changes,
    remarks: [
      ...machineRemarks(old, now),
      ...only(before, after).map((key) => `${key}: only in the old one`),
      ...only(after, before).map((key) => `${key}: only in the new one`),
    ],
  }
}

/** What changed as a table, and what did not in a sentence. */
export function renderDifference({ changes, remarks }: Difference): string {
  const changed = changes.filter(({ verdict }) => verdict.length > 0)
  const head = ['workload', 'clients', 'server', 'rate, new/old', 'CPU, new/old', 'beyond noise']
  const table = new Table({
    head: head.map((text) => colors.bold(text)),
    style: { head: [], border: [], compact: true },
  })
  for (const { workload, clients, label, rate, cpu, verdict } of changed) {
    table.push([workload, clients, label, proportion(rate), proportion(cpu), verdict.join(', ')])
  }
  const rest = `${changes.length - changed.length} of ${changes.length} without a change beyond noise.`
  return [...(changed.length > 0 ? [table.toString()] : []), rest, ...remarks].join('\n')
}
