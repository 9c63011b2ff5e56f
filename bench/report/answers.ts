// Which model to take for which work, read off the figures; also where another is better.
import type { Report, WorkloadReport } from './schema.js'
import { entriesOf, size, time, whole } from './report.js'
import { type Ratio, ratioOf } from '../measure/statistics.js'
import type { Entry, Summary } from '../contest/summary.js'

export interface Answer {
  question: string
  workload: string
  /** The one of posix-async to take for a handler in JavaScript; undefined where the figures name none, which the remarks explain. */
  take?: string
  figure?: string
  /** In proportion to node:net, where that ran and the difference is more than chance. */
  factor?: number
  remarks: string[]
}

const QUESTIONS: Record<string, string> = {
  fibonacci: 'Short requests, a connection each',
  fib27: 'Handlers that compute',
  echo: 'Messages on connections that stay',
  think: 'Handlers that wait',
  upload: 'Bulk uploads',
  storm: 'Everybody at once',
  slow: 'Slow clients beside fast ones',
  http: 'HTTP',
  idle: 'Connections that mostly say nothing',
}

// Rates so near to the best are as good; the one with less CPU time is better then.
const EQUAL = 0.93
// Another is better from this on.
const BETTER = 1.05

interface Measure {
  /** Greater is better. */
  worth: (summary: Summary) => number
  tell: (summary: Summary) => string
}

const memory: Measure = {
  worth: ({ connection }) => 1 / Math.max(connection, 64),
  tell: ({ connection }) => `${size(connection)} a connection`,
}

const measureOf = ({ mode, unit }: WorkloadReport): Measure =>
  mode === 'idle'
    ? memory
    : { worth: ({ rate }) => rate, tell: ({ rate, cpu }) => `${whole(rate)} ${unit}s/s at ${time(cpu)} CPU` }

/** One that has figures. */
export type Able = Entry & { summary: Summary }

/** Those that have figures, of a workload with its main number of clients. */
export const ableIn = (report: Report, workload: WorkloadReport): Able[] =>
  entriesOf(report, workload, workload.main).filter((entry): entry is Able => entry.summary !== undefined)

/** The best of them: of those whose figures are about equal the one with the least CPU time. */
export function bestOf(entries: readonly Able[], workload: WorkloadReport): Able | undefined {
  const { worth } = measureOf(workload)
  const most = Math.max(...entries.map(({ summary }) => worth(summary)))
  const good = entries.filter(({ summary }) => worth(summary) >= most * EQUAL)
  return good.toSorted((one, other) => one.summary.cpu - other.summary.cpu)[0]
}

/** A factor as people say it: 1.07, 2.4, 14. */
export const times = (factor: number): string => (factor >= 10 ? factor.toFixed(0) : factor.toFixed(factor < 2 ? 2 : 1))

const isNative = ({ id }: Entry): boolean => id.includes('native')
const isOurs = ({ family }: Entry): boolean => family === 'posix-async'

// Fewer trials tell nothing from chance.
const LEAST_TRIALS = 3

const hasEnough = ({ trials }: Entry): boolean => trials.length >= LEAST_TRIALS

const figuresOf = ({ trials }: Entry, name: 'rate' | 'cpu'): number[] => trials.map((trial) => trial[name])

// The bounds between which 95 of 100 repetitions would find the proportion of two.
const between = (one: Entry, other: Entry, name: 'rate' | 'cpu'): Ratio =>
  ratioOf(figuresOf(one, name), figuresOf(other, name))

// Those that the one taken is neither faster than nor, at about the same rate, more sparing than: beyond chance.
function rivalsOf(taken: Able, able: readonly Able[], { mode }: WorkloadReport): Able[] {
  if (mode === 'idle') return [] // memory, which is no matter of chance
  return able.filter((one) => {
    if (one === taken) return false
    return between(taken, one, 'rate').low <= 1 && between(taken, one, 'cpu').high >= 1
  })
}

// Why no winner is named; undefined where there is one.
function undecided(taken: Able, able: readonly Able[], workload: WorkloadReport): string | undefined {
  const few = able.find((one) => !hasEnough(one))
  if (few)
    return `No winner: ${few.trials.length} trial(s) of a server tell nothing from chance, ${LEAST_TRIALS} are the least`
  const rivals = rivalsOf(taken, able, workload)
  if (rivals.length === 0) return undefined
  return `No winner: ${[taken, ...rivals].map(({ label }) => label).join(', ')} differ by no more than chance`
}

// What there is to say beside the one that is taken: the best in C, with a handler in C, and who else is better.
function remarksOf(taken: Able, able: readonly Able[], workload: WorkloadReport): string[] {
  const { worth, tell } = measureOf(workload)
  const named = ({ label, summary }: Able): string => `${label}: ${tell(summary)}`
  const part = (one: Able): number => worth(taken.summary) / worth(one.summary)
  const inC = bestOf(
    able.filter(({ family }) => family === 'C'),
    workload,
  )
  const inNative = bestOf(
    able.filter((entry) => isOurs(entry) && isNative(entry)),
    workload,
  )
  const others = able.filter(({ family }) => ['node', 'Python', 'yours'].includes(family))
  const reached = inC && workload.mode !== 'idle' ? ` (${times(part(inC))} of it reached)` : ''
  return [
    ...(inC ? [`Best in C, ${named(inC)}${reached}`] : []),
    ...(inNative ? [`With a handler in C, ${named(inNative)}`] : []),
    ...others
      .filter((one) => part(one) * BETTER < 1 && isMore(one, taken, workload))
      .map((one) => `Better: ${named(one)}`),
  ]
}

// Beyond chance.
const isMore = (one: Entry, other: Entry, { mode }: WorkloadReport): boolean =>
  hasEnough(one) && hasEnough(other) && (mode === 'idle' || between(one, other, 'rate').low > 1)

function answerOf(report: Report, workload: WorkloadReport): Answer[] {
  const able = ableIn(report, workload)
  const ours = able.filter((entry) => isOurs(entry) && !isNative(entry))
  const taken = bestOf(ours, workload)
  const question = QUESTIONS[workload.name]
  if (!taken || question === undefined) return []
  const why = undecided(taken, ours, workload)
  if (why !== undefined) return [{ question, workload: workload.name, remarks: [why] }]
  const { worth, tell } = measureOf(workload)
  const node = able.find(({ id }) => id === 'node-net')
  const answer = { question, workload: workload.name, take: taken.label, figure: tell(taken.summary) }
  const differs = node && (isMore(taken, node, workload) || isMore(node, taken, workload))
  const factor = differs ? worth(taken.summary) / worth(node.summary) : undefined
  return [{ ...answer, ...(factor !== undefined && { factor }), remarks: remarksOf(taken, able, workload) }]
}

/** An answer for each workload that stands for a question. */
export const answersOf = (report: Report): Answer[] =>
  report.workloads.flatMap((workload) => answerOf(report, workload))

/** What a workload shows, in a sentence: the best of posix-async, of node and in C. */
export function findingOf(report: Report, workload: WorkloadReport): string {
  const able = ableIn(report, workload)
  if (!able.every(hasEnough)) return `Fewer than ${LEAST_TRIALS} trials of a server tell nothing from chance.`
  const { tell } = measureOf(workload)
  const best = (['posix-async', 'node', 'C', 'yours'] as const).flatMap((family) => {
    const own = able.filter((entry) => entry.family === family && (family === 'C' || !isNative(entry)))
    return bestOf(own, workload) ?? []
  })
  return best.map(({ label, summary }) => `${label}: ${tell(summary)}`).join('; ')
}
