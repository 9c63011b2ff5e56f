// What a comparison came to, as a table for people and as JSON for programs; the chart is in chart.ts.
import Table from 'cli-table3'
import colors from 'picocolors'
import type { Entry, Report } from './compare.js'

/** A count with thousands set apart: 17,900. */
function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** A time in microseconds, in the unit that suits it. */
export function time(microseconds: number): string {
  if (microseconds < 1000) return `${microseconds.toFixed(microseconds < 100 ? 1 : 0)} µs`
  if (microseconds < 1e6) return `${(microseconds / 1000).toFixed(microseconds < 1e5 ? 1 : 0)} ms`
  return `${(microseconds / 1e6).toFixed(1)} s`
}

const paint: Record<Entry['family'], (text: string) => string> = {
  C: colors.blue,
  'posix-async': colors.green,
  node: colors.yellow,
}

type Row = Parameters<InstanceType<typeof Table>['push']>[0]

function rowOf(entry: Entry): Row {
  const name = [entry.model, paint[entry.family](entry.label)]
  const { summary } = entry
  if (!summary) return [...name, { content: colors.dim(`not run: ${entry.reason}`), colSpan: 6 }]
  const errors = summary.errors === 0 ? '0' : colors.red(whole(summary.errors))
  return [
    ...name,
    whole(summary.rate),
    `±${Math.round(summary.spread * 50)} %`,
    time(summary.p50),
    time(summary.p99),
    time(summary.cpu),
    errors,
  ]
}

function tableOf(report: Report, workload: Report['workloads'][number]): string {
  const head = [
    'model',
    'server',
    `${workload.unit}s/s`,
    'spread',
    'p50',
    'p99',
    `server CPU/${workload.unit}`,
    'errors',
  ]
  const table = new Table({
    head: head.map((text) => colors.bold(text)),
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'right'],
    wordWrap: true,
  })
  for (const entry of report.entries) if (entry.workload === workload.name) table.push(rowOf(entry))
  return `${colors.bold(workload.title)}, ${workload.clients} clients\n${table.toString()}`
}

// What was counted and then went wrong is told under the table, where there is room for it.
function notesOf(report: Report): string[] {
  const broken = report.entries.filter(({ summary, reason }) => summary && reason !== undefined)
  const failing = report.entries.filter(({ summary }) => summary && summary.errors > 0)
  return [
    ...broken.map(({ label, workload, reason }) => `${label}, ${workload}: stopped early: ${reason}`),
    ...failing.map(({ label, workload, trials }) => {
      const why = trials.find(({ firstError }) => firstError !== null)?.firstError
      return `${label}, ${workload}: the first error was "${why}"`
    }),
  ]
}

/** One table a workload, and what there is to say about them. */
export function renderTable(report: Report): string {
  const { machine, options } = report
  const about =
    `Medians of ${options.rounds} trial(s) of ${options.duration} ms each, taken in turn; loopback; the load generator shares ` +
    `the CPUs.\n${machine.cpus}, Linux ${machine.kernel}, Node.js ${machine.node}`
  return [...report.workloads.map((workload) => tableOf(report, workload)), ...notesOf(report), colors.dim(about)].join(
    '\n\n',
  )
}

/** All figures, each trial's too. Times of latencies and `cpu` are in microseconds. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`
}
