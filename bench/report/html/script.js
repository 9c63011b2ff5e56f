// What moves in the report: light or dark, sorting by a figure, bringing a curve to the front, and hints at the marks. All of it is
// done with buttons, so by keyboard too; without JavaScript the report only stands still.
const root = document.documentElement

document.getElementById('theme').addEventListener('click', () => {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  root.dataset.theme = dark ? 'light' : 'dark'
})

function sort(button) {
  const head = button.closest('th')
  const column = [...head.parentElement.children].indexOf(head)
  const first = button.dataset.sort
  const next = head.getAttribute('aria-sort') === first ? (first === 'ascending' ? 'descending' : 'ascending') : first
  for (const other of head.parentElement.children)
    if (other.hasAttribute('aria-sort')) other.setAttribute('aria-sort', 'none')
  head.setAttribute('aria-sort', next)
  const body = head.closest('table').tBodies[0]
  const value = (row) => Number(row.children[column]?.dataset.value ?? NaN)
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)]
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y)
    return next === 'ascending' ? x - y : y - x
  })
  body.append(...rows)
}

for (const button of document.querySelectorAll('[data-sort]')) button.addEventListener('click', () => sort(button))

// The marks know their series; a line without marks of its own is told by its colour.
for (const figure of document.querySelectorAll('figure.lines')) {
  const buttons = [...figure.querySelectorAll('[data-series]')]
  const colors = buttons.map((button) => button.style.getPropertyValue('--c').trim())
  for (const mark of figure.querySelectorAll('svg path')) {
    const series = mark.getAttribute('ecmeta_series_index') ?? colors.indexOf(mark.getAttribute('stroke') ?? '')
    if (Number(series) >= 0) mark.dataset.of = series
  }
  const show = (series) => {
    figure.toggleAttribute('data-front', series !== undefined)
    for (const mark of figure.querySelectorAll('[data-of]')) mark.classList.toggle('front', mark.dataset.of === series)
  }
  for (const button of buttons) {
    button.addEventListener('click', () => {
      const pressed = button.getAttribute('aria-pressed') !== 'true'
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button && pressed))
      show(pressed ? button.dataset.series : undefined)
    })
  }
}

const hint = document.getElementById('hint')
document.addEventListener('pointermove', ({ target, clientX, clientY }) => {
  const mark = target instanceof Element ? target.closest('[ecmeta_data_index]') : null
  const names = mark?.closest('figure')?.querySelector('script[type="application/json"]')
  hint.hidden = !names
  if (!names) return
  const { [mark.getAttribute('ecmeta_series_index')]: series } = JSON.parse(names.textContent)
  hint.textContent = series[mark.getAttribute('ecmeta_data_index')]
  hint.style.left = `${Math.min(clientX + 14, innerWidth - hint.offsetWidth - 8)}px`
  hint.style.top = `${clientY + 14}px`
})
