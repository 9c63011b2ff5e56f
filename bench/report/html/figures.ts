// Curves and timelines as figures: the drawing, its legend, and what it shows once more as a table for those who can't see it.
import { drawLines, type LineChart, styled } from '../charts/lines.js'
import { drawTimeline, lanesLeftOut, WHATS } from '../charts/timeline.js'
import { color, type Color } from '../charts/palette.js'
import type { Trace } from '../../contest/trace/record.js'
import type { What } from '../../contest/trace/timeline.js'
import { html, type Markup, raw } from './markup.js'

export interface Figure extends LineChart {
  /** As a file of its own is called. */
  name: string
  title: string
  /** What it shows, in a line; and what it is about, where the title does not say it. */
  finding: string
  about?: string
  /** What the axes are. */
  xTitle: string
  yTitle: string
  /** In words, what one sees. */
  words: string
}

const SYMBOLS = { circle: '●', rect: '■', triangle: '▲', diamond: '◆' } as const

/** Who is who: each entry can be pressed to bring its curve to the front. */
function legend({ series, x }: Figure): Markup {
  const items = styled(series).map(({ label, symbol, knee, color: own }, at) => {
    const bend = knee === undefined ? undefined : html` <small>bends at ${x(knee)}</small>`
    return html`<li>
      <button type="button" aria-pressed="false" data-series="${at}" style="--c:${own}">
        <span aria-hidden="true">${SYMBOLS[symbol]}</span> ${label}${bend}
      </button>
    </li>`
  })
  return html`<ul class="legend">
    ${items}
  </ul>`
}

function asTable({ series, x, y, xTitle, title }: Figure): Markup {
  const places = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b)
  const rows = series.map(({ label, points }) => {
    const cells = places.map((place) => {
      const value = points.find(([at]) => at === place)?.[1]
      return html`<td>${value === undefined ? '' : y(value)}</td>`
    })
    return html`<tr>
      <th scope="row">${label}</th>
      ${cells}
    </tr>`
  })
  const heads = places.map((place) => html`<th scope="col">${x(place)}</th>`)
  return html`<details>
    <summary>as a table</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="${title}: figures">
      <table>
        <thead>
          <tr>
            <th scope="col">${xTitle}</th>
            ${heads}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </details>`
}

// What a pointer is told of each mark.
function hints({ series, x, y, xTitle }: Figure): Markup {
  const names = series.map(({ label, points }) =>
    points.map(([at, value]) => `${label}: ${y(value)} (${xTitle}: ${x(at)})`),
  )
  return raw(`<script type="application/json">${JSON.stringify(names).replaceAll('<', '\\u003c')}</script>`)
}

/** A drawing is an image to assistive technology, with its words as the name. */
const drawing = (svg: string, words: string): Markup =>
  raw(svg.replace('<svg ', `<svg role="img" aria-label="${words.replace(/[&<>"]/g, ' ')}" `))

export function figure(chart: Figure): Markup {
  const { title, xTitle, yTitle, finding, about, words } = chart
  if (!chart.series.some(({ points }) => points.length > 0)) return html``
  return html`<figure class="lines">
    <figcaption>
      <strong>${title}</strong><span>${yTitle}, by ${xTitle}</span>
      <p>${finding}</p>
      ${about === undefined ? undefined : html`<p class="remark">${about}</p>`}
    </figcaption>
    ${drawing(drawLines(chart), `${title}. ${words}`)}${legend(chart)}${asTable(chart)}${hints(chart)}
  </figure>`
}

function whatIsSeen({ lanes, calls, requests, clients }: Trace): string {
  const count = (what: What): number =>
    lanes.reduce((sum, { events }) => sum + events.filter((event) => event.what === what).length, 0)
  const kinds: [What, string][] = [
    ['accept', 'accepts'],
    ['fork', 'forks'],
    ['thread', 'threads created'],
    ['read', 'reads'],
    ['write', 'writes'],
    ['ring', 'calls of io_uring_enter'],
  ]
  const seen = kinds.flatMap(([what, word]) => (count(what) > 0 ? [`${count(what)} ${word}`] : []))
  return `${requests} requests from ${clients} clients on ${lanes.length} ${lanes.length === 1 ? 'lane' : 'lanes'}: ${seen.join(', ')}; ${calls.each} system calls a request`
}

/** The timeline of one contestant. */
export function timelineFigure(trace: Trace): Markup {
  const { id, label, about, calls, reason } = trace
  if (reason !== undefined)
    return html`<section class="timeline" id="t-${id}">
      <h3>${label}</h3>
      <p>${about}</p>
      <p class="missing">no timeline: ${reason}</p>
    </section>`
  const more = lanesLeftOut(trace)
  const words = whatIsSeen(trace)
  const names = Object.entries(calls.names).slice(0, 10)
  return html`<section class="timeline" id="t-${id}">
    <h3>${label}</h3>
    <p>${about} ${words}.${more > 0 ? ` ${more} more lanes are not drawn.` : ''}</p>
    <div class="scroll" tabindex="0" role="region" aria-label="${label}: timeline">
      ${drawing(drawTimeline(trace), `${label}: timeline. ${words}`)}
    </div>
    <details>
      <summary>system calls a request</summary>
      <p>${names.map(([name, each]) => html`<code>${name}</code> ${each} `)}</p>
    </details>
  </section>`
}

/** The colours of the timelines. */
export function timelineLegend(traces: readonly Trace[]): Markup {
  const used = new Set(traces.flatMap(({ lanes }) => lanes.flatMap(({ events }) => events.map(({ what }) => what))))
  const items = (Object.keys(WHATS) as What[])
    .filter((what) => used.has(what))
    .map((what) => html`<li><i class="swatch" style="--c:${color(`do-${what}` as Color)}"></i>${WHATS[what]}</li>`)
  return html`<ul class="whats">
    ${items}
  </ul>`
}
