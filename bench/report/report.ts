// What a comparison came to, as a table for people and as JSON for programs; the chart is in chart.ts.
import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import colors from 'picocolors'
import type { Report, WorkloadReport } from './schema.js'
import type { Ratio } from '../measure/statistics.js'
import type { Entry, Summary } from '../contest/summary.js'

/** A count with thousands set apart: 17,900. */
export function whole(value: number): string {
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
  Python: colors.magenta,
  yours: colors.cyan,
}

/** Bytes, in the unit that suits them. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(bytes < 10 * 1024 ? 1 : 0)} KiB`
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(bytes < 10 * 1024 ** 2 ? 1 : 0)} MiB`
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`
}

/** A proportion with its bounds: 0.85 (0.81 to 0.90). */
export function proportion({ ratio, low, high }: Ratio): string {
  const [one, least, most] = [ratio, low, high].map((value) => value.toFixed(value < 10 ? 2 : 0))
  return low === high ? one! : `${one} (${least} to ${most})`
}

/** A figure of a table: its heading, and its text for an entry. */
export interface Column {
  head(workload: WorkloadReport): string
  cell(summary: Summary, entry: Entry): string
  /** On a narrow terminal those with the lowest rank are left out first (default: never). */
  rank?: number
}

const always = (text: string) => (): string => text

const working: readonly Column[] = [
  { head: ({ unit }) => `${unit}s/s`, cell: ({ rate }) => whole(rate) },
  {
    head: always('spread'),
    rank: 1,
    cell: ({ spread }, { trials }) => (trials.length > 1 ? `±${Math.round(spread * 50)} %` : ''),
  },
  { head: always('p50'), rank: 2, cell: ({ p50 }) => time(p50) },
  { head: always('p99'), rank: 5, cell: ({ p99 }) => time(p99) },
  { head: ({ unit }) => `server CPU/${unit}`, cell: ({ cpu }) => time(cpu) },
  { head: always('rate against C'), rank: 4, cell: (_, { against }) => (against ? proportion(against.rate) : '') },
  { head: always('own memory'), rank: 3, cell: (summary) => size(summary.own) },
  { head: always('errors'), cell: ({ errors }) => whole(errors) },
]

const idling: readonly Column[] = [
  { head: always('memory/connection'), cell: ({ connection }) => size(connection) },
  { head: always('own memory'), cell: (summary) => size(summary.own) },
  { head: always('resident'), rank: 2, cell: ({ resident }) => size(resident) },
  { head: always('processes'), rank: 1, cell: ({ processes }) => whole(processes) },
  { head: always('threads'), cell: ({ threads }) => whole(threads) },
  { head: always('errors'), cell: ({ errors }) => whole(errors) },
]

/** What is told of a workload. */
export const columnsOf = ({ mode }: WorkloadReport): readonly Column[] => (mode === 'idle' ? idling : working)

type Row = Parameters<InstanceType<typeof Table>['push']>[0]

function rowOf(entry: Entry, columns: readonly Column[], narrow: boolean): Row {
  const label = paint[entry.family](entry.label)
  const name = narrow ? [label] : [entry.model, label]
  const { summary } = entry
  if (!summary)
    return [
      ...name,
      { content: colors.dim(`not run: ${entry.reason}`), colSpan: columns.length, hAlign: 'left' as const },
    ]
  const cells = columns.map(({ cell }) => cell(summary, entry))
  return [...name, ...cells.with(-1, summary.errors === 0 ? '0' : colors.red(cells.at(-1)!))]
}

/** The entries of a workload with so many clients. */
export const entriesOf = ({ entries }: Report, { name }: WorkloadReport, clients: number): Entry[] =>
  entries.filter((entry) => entry.workload === name && entry.clients === clients)

// `narrow`: without the model; `split`: with the words of a heading one below the other.
function drawTable(
  report: Report,
  workload: WorkloadReport,
  columns: readonly Column[],
  narrow = false,
  split = false,
): string {
  const heads = columns.map((column) => column.head(workload))
  const words = split ? heads.map((text) => text.replace(/[ /]/g, '$&\n')) : heads
  const head = narrow ? ['server', ...words] : ['model', 'server', ...words]
  const table = new Table({
    head: head.map((text) => colors.bold(text)),
    style: { head: [], border: [], compact: true },
    colAligns: [...(narrow ? [] : ['left' as const]), 'left', ...columns.map(() => 'right' as const)],
    wordWrap: true,
  })
  for (const entry of entriesOf(report, workload, workload.main)) table.push(rowOf(entry, columns, narrow))
  return table.toString()
}

const widthOf = (text: string): number =>
  Math.max(...text.split('\n').map((line) => stripVTControlCharacters(line).length))

// As many columns as the terminal has room for.
function tableOf(report: Report, workload: WorkloadReport, width: number): string {
  let columns = columnsOf(workload)
  let text = drawTable(report, workload, columns)
  while (widthOf(text) > width && columns.some(({ rank }) => rank !== undefined)) {
    const least = Math.min(...columns.map(({ rank = Infinity }) => rank))
    columns = columns.filter(({ rank }) => rank !== least)
    text = drawTable(report, workload, columns)
  }
  for (const split of [false, true]) if (widthOf(text) > width) text = drawTable(report, workload, columns, true, split)
  return `${colors.bold(workload.title)}, ${workload.main} clients\n${text}`
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

// Reasons that would make a table wider than a narrow terminal stand below it.
const isLong = ({ summary, reason = '' }: Entry): boolean => !summary && reason.length > 20

function withoutLongReasons(report: Report): { shown: Report; reasons: string[] } {
  const entries = report.entries.map((entry) => (isLong(entry) ? { ...entry, reason: 'see below' } : entry))
  const long = report.entries.filter(isLong)
  const reasons = long.map(({ label, workload, reason }) => `${label}, ${workload}: not run: ${reason}`)
  return { shown: { ...report, entries }, reasons }
}

/** One table a workload, and what there is to say about them. `width`: the terminal's columns. */
export function renderTable(report: Report, width = Infinity): string {
  const { machine, options } = report
  const about =
    `Medians of ${options.rounds} trial(s) of ${options.duration} ms each, taken in turn; loopback; the load generator shares ` +
    `the CPUs.\n${machine.cpus}, Linux ${machine.kernel}, Node.js ${machine.node}`
  const warnings = report.warnings.map((warning) => colors.yellow(`Note: ${warning}`))
  const { shown, reasons } = width === Infinity ? { shown: report, reasons: [] } : withoutLongReasons(report)
  const tables = report.workloads.map((workload) => tableOf(shown, workload, width))
  return [...tables, ...reasons, ...notesOf(report), ...warnings, colors.dim(about)].join('\n\n')
}

/** All figures, each trial's too. Times of latencies and `cpu` are in microseconds. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report)}\n`
}
