// Which model to take for which work, read off the figures; also where another is better.
import type { Report, WorkloadReport } from '../compare.js'
import { entriesOf, size, time, whole } from '../report.js'
import type { Entry, Summary } from '../summary.js'
import { html, type Markup } from './markup.js'

export interface Answer {
  question: string
  workload: string
  /** The one of posix-async to take for a handler in JavaScript. */
  take: string
  figure: string
  /** In proportion to node:net, where that ran. */
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
  idle: 'Connections that mostly say nothing',
}

// Rates so near to the best are as good; the one with less CPU time is better then.
const EQUAL = 0.93

interface Measure {
  /** Greater is better. */
  worth: (summary: Summary) => number
  tell: (summary: Summary) => string
}

const measureOf = ({ mode, unit }: WorkloadReport): Measure =>
  mode === 'idle'
    ? {
        worth: ({ connection }) => 1 / Math.max(connection, 64),
        tell: ({ connection }) => `${size(connection)} a connection`,
      }
    : { worth: ({ rate }) => rate, tell: ({ rate, cpu }) => `${whole(rate)} ${unit}s/s at ${time(cpu)} CPU` }

type Able = Entry & { summary: Summary }

function best(entries: readonly Able[], { worth }: Measure): Able | undefined {
  const most = Math.max(...entries.map(({ summary }) => worth(summary)))
  const good = entries.filter(({ summary }) => worth(summary) >= most * EQUAL)
  return good.toSorted((one, other) => one.summary.cpu - other.summary.cpu)[0]
}

const times = (factor: number): string => (factor >= 10 ? factor.toFixed(0) : factor.toFixed(factor < 2 ? 2 : 1))

function answerOf(report: Report, workload: WorkloadReport): Answer[] {
  const able = entriesOf(report, workload, workload.main).filter((entry): entry is Able => entry.summary !== undefined)
  const measure = measureOf(workload)
  const native = ({ id }: Entry): boolean => id.includes('native')
  const own = able.filter(({ family }) => family === 'posix-async')
  const taken = best(
    own.filter((entry) => !native(entry)),
    measure,
  )
  const question = QUESTIONS[workload.name]
  if (!taken || question === undefined) return []
  const worth = ({ summary }: Able): number => measure.worth(summary)
  const tell = ({ label, summary }: Able): string => `${label}: ${measure.tell(summary)}`
  const node = able.find(({ id }) => id === 'node-net')
  const inC = best(
    able.filter(({ family }) => family === 'C'),
    measure,
  )
  const inNative = best(own.filter(native), measure)
  const better = able.filter(
    (entry) => ['node', 'Python', 'yours'].includes(entry.family) && worth(entry) > worth(taken) * 1.05,
  )
  const remarks = [
    ...(inC
      ? [
          `Best in C, ${tell(inC)}${workload.mode === 'idle' ? '' : ` (${times(worth(taken) / worth(inC))} of it reached)`}`,
        ]
      : []),
    ...(inNative ? [`With a handler in C, ${tell(inNative)}`] : []),
    ...better.map((entry) => `Better: ${tell(entry)}`),
  ]
  const factor = node ? worth(taken) / worth(node) : undefined
  const { label: take } = taken
  return [
    {
      question,
      workload: workload.name,
      take,
      figure: measure.tell(taken.summary),
      remarks,
      ...(factor !== undefined && { factor }),
    },
  ]
}

/** An answer for each workload that stands for a question. */
export const answersOf = (report: Report): Answer[] =>
  report.workloads.flatMap((workload) => answerOf(report, workload))

/** The answers as cards. */
export function answerCards(report: Report): Markup {
  const cards = answersOf(report).map(({ question, workload, take, figure, factor, remarks }) => {
    const beside = factor === undefined ? undefined : html`<p class="factor"><b>${times(factor)}×</b> node:net</p>`
    return html`<li>
      <a href="#w-${workload}"><h3>${question}</h3></a>
      <p class="take">${take}</p>
      ${beside}
      <p>${figure}</p>
      ${remarks.map((remark) => html`<p class="remark">${remark}</p>`)}
    </li>`
  })
  return html`<ul class="cards">
    ${cards}
  </ul>`
}
