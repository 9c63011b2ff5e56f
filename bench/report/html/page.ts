// The report as one HTML file that explains itself: no network, no other file; light and dark, wide and narrow.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COLOR_CSS } from '../charts/palette.js'
import type { Report } from '../schema.js'
import { clientFigures, growthFigure, percentileFigures } from '../curves.js'
import { size } from '../report.js'
import { benchFolder } from '../../measure/paths.js'
import { answerCards } from './answers.js'
import { workloadTable } from './bars.js'
import { figure, timelineFigure, timelineLegend } from './figures.js'
import { html, type Markup, raw } from './markup.js'

const asset = (name: string): Markup => raw(readFileSync(join(benchFolder, 'report/html', name), 'utf8'))

interface Section {
  id: string
  title: string
  body: Markup | undefined
}

const grid = (figures: readonly Markup[]): Markup => html`<div class="grid">${figures}</div>`

function timelines({ traces }: Report): Markup | undefined {
  if (traces.length === 0) return undefined
  return html`<p>
      What each server did while four clients made eight requests for fib(27), as the kernel saw it. A lane is a process
      or a thread; time runs to the right, each picture on a scale of its own. Recorded below strace, which makes every
      call slower: look at the order of things and at who runs at the same time, not at the milliseconds.
    </p>
    ${timelineLegend(traces)}${traces.map(timelineFigure)}`
}

function byClients(report: Report): Markup | undefined {
  const groups = report.workloads.flatMap((workload) => {
    const figures = clientFigures(report, workload)
    return figures.length > 0
      ? [
          html`<h3>${workload.title}</h3>
            ${grid(figures.map(figure))}`,
        ]
      : []
  })
  if (groups.length === 0) return undefined
  return html`<p>The same work from one client to many. A dashed line marks where a curve bends.</p>
    ${groups}`
}

function percentiles(report: Report): Markup | undefined {
  const shown = report.workloads.filter(({ name }) => ['fibonacci', 'echo', 'rate', 'custom'].includes(name))
  const groups = shown.map((workload) => {
    const figures = percentileFigures(report, workload)
    return html`<h3>${workload.title}</h3>
      ${grid(figures.map(figure))}`
  })
  if (groups.length === 0) return undefined
  return html`<p>How long the slow ones wait: a step to the right is a request in ten, in a hundred, in a thousand.</p>
    ${groups}`
}

function growth({ growth: curves }: Report): Markup | undefined {
  if (curves.length === 0) return undefined
  return html`<p>
      Both axes are logarithmic: a straight line is a power, and a dashed line marks the knee, where another one begins.
    </p>
    ${grid(curves.map((curve) => figure(growthFigure(curve))))}`
}

function contestants({ contestants: all, entries }: Report): Markup {
  const rows = all.map(({ id, label, family, model, about }) => {
    const own = entries.filter((entry) => entry.id === id)
    const reason = own.every(({ summary }) => !summary) ? own.find((entry) => entry.reason)?.reason : undefined
    return html`<tr>
      <th scope="row">${label}<small>${id}</small></th>
      <td class="name">${family}</td>
      <td>${model}</td>
      <td>${about}${reason === undefined ? '' : html` <em>Not run: ${reason}</em>`}</td>
    </tr>`
  })
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Who is compared">
    <table>
      <thead>
        <tr>
          <th scope="col">server</th>
          <th scope="col">of</th>
          <th scope="col">model</th>
          <th scope="col">what it is</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`
}

function method({ machine, options, seconds }: Report): Markup {
  const mitigations = Object.entries(machine.mitigations).map(([name, text]) => `${name}: ${text}`)
  const facts: [string, string | null][] = [
    ['processor', `${machine.cpus}, ${machine.arch}${machine.hypervisor === null ? '' : ', virtual'}`],
    ['memory', size(machine.memory)],
    ['kernel', `Linux ${machine.kernel}`],
    ['mitigations', mitigations.join('; ') || 'none needed'],
    ['Node.js', machine.node],
    ['posix-async', machine.posixAsync],
    ['C compiler', machine.compiler],
    ['C library', machine.libc],
    ['Python', machine.python],
    [
      'trials',
      `${options.rounds} of ${options.duration} ms each, after a warm-up of a third of that; ${Math.round(seconds)} s in all`,
    ],
  ]
  const list = facts.map(
    ([name, value]) =>
      html`<dt>${name}</dt>
        <dd>${value ?? 'none'}</dd>`,
  )
  return html`<ul>
      <li>
        Every trial is a server process of its own, on loopback, driven by a load generator in C that checks each reply.
        Contestants take turns, so that a noisy moment hits all alike.
      </li>
      <li>
        Figures are medians over the trials. A proportion is given with the interval that 95 of 100 repetitions would
        lie in (bootstrap).
      </li>
      <li>
        The load generator shares the processors with the server. So CPU a request, which counts all of the server's
        processes, those that ended too, says more than the rate alone.
      </li>
      <li>
        A closed loop (the next request when the reply is there) leaves out what nobody asked for meanwhile. The
        workload “rate” asks at fixed times, and its latency counts from then.
      </li>
      <li>
        Memory of its own counts each page once, however many processes share it; pages of program files are left out,
        and so is the kernel's own.
      </li>
    </ul>
    <dl>${list}</dl>`
}

function sections(report: Report): Section[] {
  const warnings = report.warnings.map((warning) => html`<li>${warning}</li>`)
  const all: Section[] = [
    {
      id: 'answers',
      title: 'In short',
      body: html`${
        warnings.length > 0
          ? html`<ul class="warnings">
              ${warnings}
            </ul>`
          : ''
      }${answerCards(report)}`,
    },
    { id: 'timelines', title: 'How the models differ', body: timelines(report) },
    {
      id: 'workloads',
      title: 'All figures',
      body: html`${report.workloads.map((workload) => workloadTable(report, workload))}`,
    },
    { id: 'clients', title: 'With more clients', body: byClients(report) },
    { id: 'percentiles', title: 'Latency', body: percentiles(report) },
    { id: 'growth', title: 'Growth', body: growth(report) },
    { id: 'who', title: 'Who is compared', body: contestants(report) },
    { id: 'method', title: 'How it was measured', body: method(report) },
  ]
  return all.filter(({ body }) => body !== undefined)
}

/** The text of the HTML file. */
export function renderPage(report: Report): string {
  const parts = sections(report)
  const links = parts.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)
  const bodies = parts.map(
    ({ id, title, body }) =>
      html`<section id="${id}">
        <h2>${title}</h2>
        ${body}
      </section>`,
  )
  const { machine, date } = report
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>posix-async: models of concurrency compared</title>
        <link rel="icon" href="data:," />
        <style>
          ${raw(COLOR_CSS)}${asset('style.css')}
        </style>
      </head>
      <body>
        <a class="skip" href="#answers">Skip to the answers</a>
        <header>
          <h1>Processes, threads, events</h1>
          <p class="lead">
            The same work under every model of concurrency, in C, in Node.js by posix-async, by Node's own servers, and
            in Python.
          </p>
          <p class="facts">
            ${machine.cpus} · Linux ${machine.kernel} · Node.js ${machine.node} · ${date.slice(0, 10)}
          </p>
          <nav aria-label="Sections">
            <ul>
              ${links}
            </ul>
            <button type="button" id="theme">Light or dark</button>
          </nav>
        </header>
        <main>${bodies}</main>
        <div id="hint" role="status" hidden></div>
        <script>
          ${asset('script.js')}
        </script>
      </body>
    </html> `.text
}
