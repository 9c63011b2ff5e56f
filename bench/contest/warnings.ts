// What makes a comparison's figures less than they seem: said in words, so that nobody is misled.
import { median } from '../measure/statistics.js'
import type { Entry, Summary } from './summary.js'
import type { Trial } from './trial.js'

// From these on a figure is warned of: parts of the machine's CPU time, of a core, and of the median rate.
const FOREIGN = 0.15
const STOLEN = 0.03
const BUSY = 0.95
const SPREAD = 0.5
// So many of the trials may be so without a word.
const FEW = 0.1

type Able = Entry & { summary: Summary }

const percent = (value: number): string => `${Math.round(value * 100)} %`

function listOf(entries: readonly Entry[]): string {
  const names = entries.map(({ label, workload, clients }) => `${label} (${workload}, ${clients})`)
  return names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}

// A sentence for the part of all trials that are so.
function ofTrials(able: readonly Able[], isSo: (trial: Trial) => boolean, say: (part: string) => string): string[] {
  const trials = able.flatMap((entry) => entry.trials)
  const part = trials.filter(isSo).length / trials.length
  return part > FEW ? [say(percent(part))] : []
}

// A sentence for the entries that are so.
function ofEntries(able: readonly Able[], isSo: (entry: Able) => boolean, say: (names: string) => string): string[] {
  const some = able.filter(isSo)
  return some.length > 0 ? [say(listOf(some))] : []
}

export function warningsOf(entries: readonly Entry[]): string[] {
  const able = entries.filter((entry): entry is Able => entry.summary !== undefined)
  return [
    ...ofTrials(
      able,
      ({ foreign }) => foreign > FOREIGN,
      (part) =>
        `The machine was busy with other work (more than ${percent(FOREIGN)} of its CPU time) in ${part} of the trials.`,
    ),
    ...ofTrials(
      able,
      ({ stolen }) => stolen > STOLEN,
      (part) => `The hypervisor gave more than ${percent(STOLEN)} of the CPU time to others in ${part} of the trials.`,
    ),
    ...ofEntries(
      able,
      ({ trials }) => median(trials.map(({ busy }) => busy)) > BUSY,
      (names) =>
        `The load generator was at its own limit, so the server can do more than the rate says: ${names}. Compare CPU a request there.`,
    ),
    ...ofEntries(
      able,
      ({ trials, summary }) => trials.length > 2 && summary.spread > SPREAD,
      (names) => `The trials differ by more than ${percent(SPREAD)} of their median: ${names}.`,
    ),
  ]
}
