// The answers to "which model should I take?" as cards.
import { answersOf, times } from '../answers.js'
import type { Report } from '../schema.js'
import { html, type Markup } from './markup.js'

export function answerCards(report: Report): Markup {
  const cards = answersOf(report).map(({ question, workload, take, figure, factor, remarks }) => {
    const beside = factor === undefined ? undefined : html`<p class="factor"><b>${times(factor)}×</b> node:net</p>`
    return html`<li>
      <a href="#w-${workload}"><h3>${question}</h3></a>
      <p class="take">${take ?? 'No winner'}</p>
      ${beside} ${figure === undefined ? undefined : html`<p>${figure}</p>`}
      ${remarks.map((remark) => html`<p class="remark">${remark}</p>`)}
    </li>`
  })
  return html`<ul class="cards">
    ${cards}
  </ul>`
}
