// A comparison as table, JSON and chart, also where some could not run.
import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { renderChart } from '../../../bench/report/chart.js'
import { renderJson, renderTable, time } from '../../../bench/report/report.js'
import { median, ratioOf } from '../../../bench/measure/statistics.js'
import { summarize } from '../../../bench/contest/summary.js'
import { aReport, anEntry, aTrial } from '../../support/report.js'

const report = aReport([
  anEntry('c-epoll', 'C epoll', 'C', [aTrial(20_000, 10), aTrial(18_000, 12), aTrial(19_000, 11)]),
  anEntry('event', 'eventServer', 'posix-async', [aTrial(17_000, 13), aTrial(16_000, 14, 3), aTrial(15_000, 15)]),
  anEntry('node-net', 'node:net', 'node', [], 'no node'),
])

// Every tag closed, every attribute quoted, and nothing between that is not text: what an XML parser insists on.
function isWellFormed(xml: string): boolean {
  const open: string[] = []
  const token = /<!\[CDATA\[.*?\]\]>|<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|[^<]+/gsy
  let end = 0
  for (let match = token.exec(xml); match; match = token.exec(xml)) {
    end = token.lastIndex
    const [, closing, name, , empty] = match
    if (name === undefined) continue
    if (closing && open.pop() !== name) return false
    if (!closing && !empty) open.push(name)
  }
  return end === xml.length && open.length === 0
}

it('takes the middle one, or the mean of the two in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7])
})

it('sums up trials by medians, adds up their errors and gives the spread of the rate', () => {
  expect(summarize([aTrial(100, 5), aTrial(120, 7, 2), aTrial(110, 6, 1)])).toEqual({
    ...{
      rate: 110,
      p50: 100,
      p99: 300,
      p999: 400,
      cpu: 6,
      errors: 3,
      switches: 2,
      created: 0,
      processes: 1,
      threads: 2,
    },
    ...{ resident: 3e6, private: 2e6, own: 2e6, peak: 4e6, connection: 1e6 / 8 },
    ...{ spread: 20 / 110, quartiles: [105, 115] },
    quantiles: [
      [0.5, 100],
      [1, 500],
    ],
  })
})

it('bounds a ratio by what chance may make of it, the same each time', () => {
  const same = ratioOf([100, 100, 100], [50, 50, 50])
  expect(same).toEqual({ ratio: 2, low: 2, high: 2 })
  const noisy = ratioOf([90, 100, 110, 95, 105], [45, 50, 55, 60, 40])
  expect(noisy.ratio).toBe(2)
  expect(noisy.low).toBeLessThan(2)
  expect(noisy.high).toBeGreaterThan(2)
  expect(ratioOf([90, 100, 110, 95, 105], [45, 50, 55, 60, 40])).toEqual(noisy)
})

it.each([
  [1.25, '1.3 µs'],
  [999.4, '999 µs'],
  [1500, '1.5 ms'],
  [250_000, '250 ms'],
  [2_500_000, '2.5 s'],
])('writes %d microseconds as %s', (microseconds, text) => {
  expect(time(microseconds)).toBe(text)
})

it('draws a table with a line for each, and the reason of who did not run', () => {
  const lines = stripVTControlCharacters(renderTable(report)).split('\n')
  const row = (label: string): string[] =>
    lines
      .find((line) => line.includes(label))!
      .split('│')
      .map((cell) => cell.trim())
  expect(row('C epoll').slice(1, -1)).toEqual([
    'event',
    'C epoll',
    '19,000',
    '±5 %',
    '100 µs',
    '300 µs',
    '11.0 µs',
    '',
    '1.9 MiB',
    '0',
  ])
  expect(row('eventServer').slice(1, -1).at(-1)).toBe('3')
  expect(row('node:net').slice(1, -1)).toEqual(['event', 'node:net', 'not run: no node'])
  expect(lines).toContain('eventServer, fibonacci: the first error was "wrong: the reply is not the one expected"')
})

it.each([140, 100, 80, 60])(
  'fits a terminal of %d columns: what matters less is left out, figures and errors never',
  (width) => {
    const lines = stripVTControlCharacters(renderTable(report, width)).split('\n')
    const table = lines.filter((line) => /^[┌│├└]/.test(line))
    expect(Math.max(...table.map(({ length }) => length))).toBeLessThanOrEqual(Math.max(width, 72))
    for (const head of ['requests/s', 'server CPU/request', 'errors']) expect(table[1]).toContain(head)
    expect(table[1]!.includes('spread')).toBe(width >= 140)
  },
)

it('gives all figures as JSON', () => {
  expect(JSON.parse(renderJson(report))).toEqual(report)
})

it('draws a chart that is a well-formed SVG file with every name and figure', () => {
  const svg = renderChart(report)
  expect(isWellFormed(svg)).toBe(true)
  for (const text of ['C epoll', 'eventServer', 'node:net', 'not run', '19.0k', '16.0k', '11.0 µs', '14.0 µs']) {
    expect(svg).toContain(`>${text}</text>`)
  }
})
