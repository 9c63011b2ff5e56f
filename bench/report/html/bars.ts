// A workload as a table whose figures are bars too: it is the picture and its text at the same time, at any width.
import type { Report, WorkloadReport } from '../schema.js'
import { findingOf } from '../answers.js'
import { entriesOf, proportion, size, time, whole } from '../report.js'
import type { Entry, Summary } from '../../contest/summary.js'
import { styleOf } from '../charts/palette.js'
import { html, type Markup, raw } from './markup.js'

interface Column {
  title: string
  value: (summary: Summary) => number
  text: (value: number) => string
  /** Whether less is better. */
  less: boolean
}

const rate = (unit: string): Column => ({ title: `${unit}s a second`, value: (s) => s.rate, text: whole, less: false })
const cpu = (unit: string): Column => ({ title: `server CPU a ${unit}`, value: (s) => s.cpu, text: time, less: true })
const p99: Column = { title: 'p99 latency', value: (s) => s.p99, text: time, less: true }
const memory: Column = { title: 'memory of its own', value: (s) => s.own, text: size, less: true }
const connection: Column = { title: 'memory a connection', value: (s) => s.connection, text: size, less: true }
const threads: Column = { title: 'threads', value: (s) => s.threads, text: whole, less: true }

const columnsOf = ({ mode, unit }: WorkloadReport): readonly Column[] =>
  mode === 'idle' ? [connection, memory, threads] : [rate(unit), cpu(unit), p99, memory]

// Where one is far beyond the others, bars in proportion would show it alone: their lengths are logarithmic then.
const LINEAR = 60

function lengths(values: readonly number[]): { of: (value: number) => number; logarithmic: boolean } {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const logarithmic = least > 0 && most > LINEAR * least
  if (!logarithmic) return { of: (value) => (most > 0 ? value / most : 0), logarithmic }
  return { of: (value) => 0.06 + (0.94 * Math.log(value / least)) / Math.log(most / least), logarithmic }
}

function cell(column: Column, summary: Summary, color: string, length: number): Markup {
  const width = `${(length * 100).toFixed(1)}%`
  const text = column.text(column.value(summary))
  return html`<td data-value="${column.value(summary)}">
    <span class="bar" style="--w:${width};--c:${color}"></span><span class="figure">${text}</span>
  </td>`
}

const note = ({ summary, against }: Entry): string => {
  const spread = `trials ±${Math.round(summary!.spread * 50)} %`
  return against ? `${spread}; rate ${proportion(against.rate)} of ${against.id}` : spread
}

function row(entry: Entry, columns: readonly Column[], scales: ReturnType<typeof lengths>[]): Markup {
  const { summary, label, family, model, reason } = entry
  const { color } = styleOf(family, 0)
  const errors = summary && summary.errors > 0 ? html` <small class="bad">${summary.errors} errors</small>` : undefined
  const head = html`<th scope="row">
    <i class="dot" style="--c:${color}"></i>${label}<small>${model}</small>${errors}
  </th>`
  if (!summary)
    return html`<tr class="missing">
      ${head}
      <td colspan="${columns.length}">not run: ${reason}</td>
    </tr>`
  const cells = columns.map((column, at) => cell(column, summary, color, scales[at]!.of(column.value(summary))))
  return html`<tr title="${note(entry)}">
    ${head}${cells}
  </tr>`
}

/** The table of a workload with its main number of clients. */
export function workloadTable(report: Report, workload: WorkloadReport): Markup {
  const entries = entriesOf(report, workload, workload.main)
  const columns = columnsOf(workload)
  const able = entries.flatMap(({ summary }) => (summary ? [summary] : []))
  if (able.length === 0) return html`<p>Nobody could run it: ${entries[0]?.reason}</p>`
  const scales = columns.map(({ value }) => lengths(able.map(value)))
  const heads = columns.map(({ title, less }, at) => {
    const scale = scales[at]!.logarithmic ? ', logarithmic' : ''
    return html`<th scope="col" aria-sort="none">
      <button type="button" data-sort="${less ? 'ascending' : 'descending'}">
        ${title}<small>${less ? 'less' : 'more'} is better${scale}</small>
      </button>
    </th>`
  })
  return html`<section class="workload" id="w-${workload.name}">
      <h3>${workload.title}</h3>
      <p class="finding">${findingOf(report, workload)}</p>
      <p>${workload.about} ${workload.main} ${workload.main === 1 ? 'client' : 'clients'}.</p>
      <div class="scroll" tabindex="0" role="region" aria-label="${workload.title}: figures">
        <table class="bars">
          <thead>
            <tr>
              <th scope="col">server</th>
              ${heads}
            </tr>
          </thead>
          <tbody>
            ${entries.map((entry) => row(entry, columns, scales))}
          </tbody>
        </table>
      </div>
    </section>
    ${raw('\n')}`
}
