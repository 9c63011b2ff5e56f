// Two comparisons beside each other: what is beyond noise is told, and nothing else.
import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import type { Report } from '../../../bench/report/schema.js'
import { differenceOf, renderDifference } from '../../../bench/report/diff.js'
import { aReport, anEntry, aTrial } from '../../support/report.js'

const entries = (id: string, rates: number[], cpu: number): Report['entries'] => [
  anEntry(
    id,
    id,
    'C',
    rates.map((rate) => aTrial(rate, cpu)),
  ),
]

const noisy = [100, 120, 90, 110, 95]
const old = aReport([...entries('same', noisy, 5), ...entries('slower', noisy, 5), ...entries('gone', noisy, 5)])
const now = aReport([
  ...entries('same', [97, 118, 92, 108, 101], 5),
  ...entries(
    'slower',
    noisy.map((rate) => rate / 2),
    10,
  ),
  ...entries('added', noisy, 5),
])

it('tells what changed beyond noise, by how much, and within which bounds', () => {
  const { changes } = differenceOf(old, now)
  expect(changes.map(({ label, verdict }) => [label, verdict])).toEqual([
    ['same', []],
    ['slower', ['50 % slower', '100 % more CPU']],
  ])
  const { rate } = changes[1]!
  expect(rate.ratio).toBe(0.5)
  expect(rate.high).toBeLessThan(1)
})

it('tells what only one of them has, and of another machine', () => {
  const elsewhere = { ...now, machine: { ...now.machine, kernel: '7.0' } }
  expect(differenceOf(old, elsewhere).remarks).toEqual([
    'kernel: 6.1 then, 7.0 now',
    'fibonacci x8 gone: only in the old one',
    'fibonacci x8 added: only in the new one',
  ])
})

it('finds nothing in a comparison and itself', () => {
  expect(renderDifference(differenceOf(old, old))).toBe('3 of 3 without a change beyond noise.')
})

it('is a table of what changed', () => {
  const text = stripVTControlCharacters(renderDifference(differenceOf(old, now)))
  expect(text).toMatch(
    /│ fibonacci │ 8 +│ slower │ 0\.50 \(0\.\d+ to 0\.\d+\) +│ 2\.00 +│ 50 % slower, 100 % more CPU │/,
  )
  expect(text).not.toContain('│ same')
})
