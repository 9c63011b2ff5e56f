// The tables of a comparison in Markdown, as READMEs have them.
import type { Report, WorkloadReport } from './schema.js'
import { columnsOf, entriesOf } from './report.js'
import type { Entry } from '../contest/summary.js'

const escape = (text: string): string => text.replaceAll('|', '\\|')

const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(' | ')} |`

/** One workload: what is run, and a row for each contestant. */
export function markdownTable(report: Report, workload: WorkloadReport): string {
  const columns = columnsOf(workload)
  const row = (entry: Entry): string => {
    const { model, label, summary, reason } = entry
    const figures = summary ? columns.map(({ cell }) => cell(summary, entry)) : [`not run: ${reason}`]
    return line([model, label, ...figures, ...columns.slice(figures.length).map(() => '')])
  }
  return [
    line(['model', 'server', ...columns.map(({ head }) => head(workload))]),
    line(['---', '---', ...columns.map(() => '---:')]),
    ...entriesOf(report, workload, workload.main).map(row),
  ].join('\n')
}

/** All workloads, and on what they were run. */
export function renderMarkdown(report: Report): string {
  const { machine, options, date, warnings } = report
  const about = `${machine.cpus}, Linux ${machine.kernel}, Node.js ${machine.node}; medians of ${options.rounds} trials of ${options.duration} ms, in turn; loopback; ${date.slice(0, 10)}`
  const tables = report.workloads.map(
    (workload) =>
      `## ${workload.title}, ${workload.main} clients\n\n${workload.about}\n\n${markdownTable(report, workload)}`,
  )
  return `${['# Models of concurrency compared', about, ...warnings.map((warning) => `> ${warning}`), ...tables].join('\n\n')}\n`
}
