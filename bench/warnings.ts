// What makes a comparison's figures less than they seem: said in words, so that nobody is misled.
import type { Entry } from './summary.js'

// From these on a figure is warned of: parts of the machine's CPU time, of a core, and of the median rate.
const FOREIGN = 0.15
const STOLEN = 0.03
const BUSY = 0.95
const SPREAD = 0.5

function listOf(entries: readonly Entry[]): string {
  const names = entries.map(({ label, workload, clients }) => `${label} (${workload}, ${clients})`)
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}

export function warningsOf(entries: readonly Entry[]): string[] {
  const able = entries.filter(({ summary }) => summary)
  const trials = able.flatMap((entry) => entry.trials)
  const part = (test: (trial: (typeof trials)[number]) => boolean): number => trials.filter(test).length / trials.length
  const warnings: string[] = []
  const percent = (value: number): string => `${Math.round(value * 100)} %`
  const noisy = part(({ foreign }) => foreign > FOREIGN)
  if (noisy > 0.1) {
    warnings.push(
      `The machine was busy with other work (more than ${percent(FOREIGN)} of its CPU time) in ${percent(noisy)} of the trials.`,
    )
  }
  const robbed = part(({ stolen }) => stolen > STOLEN)
  if (robbed > 0.1) {
    warnings.push(
      `The hypervisor gave more than ${percent(STOLEN)} of the CPU time to others in ${percent(robbed)} of the trials.`,
    )
  }
  const hurried = able.filter(({ trials: own }) => own.some(({ busy }) => busy > BUSY))
  if (hurried.length > 0) {
    warnings.push(
      `The load generator was at its own limit, so the server can do more than the rate says: ${listOf(hurried)}. Compare CPU a request there.`,
    )
  }
  const unsteady = able.filter(({ summary, trials: own }) => own.length > 2 && summary!.spread > SPREAD)
  if (unsteady.length > 0) {
    warnings.push(`The trials differ by more than ${percent(SPREAD)} of their median: ${listOf(unsteady)}.`)
  }
  return warnings
}
