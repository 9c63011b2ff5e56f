// A report's figures by name, as documents quote them. What was not measured is a dash.
import { ableIn, bestOf } from '../answers.js'
import type { Report, WorkloadReport } from '../schema.js'
import { contestants } from '../../contest/contestants.js'
import { time, whole } from '../report.js'
import { type Ratio, ratioOf } from '../../measure/statistics.js'
import type { Entry, Summary } from '../../contest/summary.js'

export const NOTHING = '–'

const workloadOf = ({ workloads }: Report, name: string): WorkloadReport | undefined =>
  workloads.find((workload) => workload.name === name)

/** The entry of a contestant with the workload's main number of clients. */
export function entryOf(report: Report, workload: string, id: string): Entry | undefined {
  const main = workloadOf(report, workload)?.main
  return report.entries.find((entry) => entry.workload === workload && entry.clients === main && entry.id === id)
}

/** A figure of a contestant on a workload, in words. */
export function quoted(report: Report, workload: string, id: string, tell: (summary: Summary) => string): string {
  const summary = entryOf(report, workload, id)?.summary
  return summary ? tell(summary) : NOTHING
}

export const cpu = (summary: Summary): string => time(summary.cpu)
export const rate = (summary: Summary): string => `${whole(summary.rate)}/s`
export const both = (summary: Summary): string => `${rate(summary)}, ${cpu(summary)}`

/** The best C peer of a workload. */
export function bestInC(report: Report, name: string): string | undefined {
  const workload = workloadOf(report, name)
  if (!workload) return undefined
  const peers = ableIn(report, workload).filter(({ family }) => family === 'C')
  return bestOf(peers, workload)?.id
}

/** A figure of one in proportion to another's, from the trials of both. */
export function against(
  report: Report,
  workload: string,
  [id, other]: readonly [string, string],
  figure: 'cpu' | 'rate',
): Ratio | undefined {
  const figures = (one: string): number[] => entryOf(report, workload, one)?.trials.map((trial) => trial[figure]) ?? []
  const [own, others] = [figures(id), figures(other)]
  return own.length > 0 && others.length > 0 ? ratioOf(own, others) : undefined
}

export const labelOf = (id: string): string => contestants.find((one) => one.id === id)?.label ?? id

/** A table in Markdown: `words` columns of text, then figures. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[], words = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at < words ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
