// A comparison says what makes its figures less than they seem, and is silent where there is nothing to say.
import { expect, it } from 'vitest'
import { warningsOf } from '../../../bench/contest/warnings.js'
import { anEntry, aTrial } from '../../support/report.js'
import type { Trial } from '../../../bench/contest/trial.js'

const entry = (trials: Trial[]) => anEntry('c-epoll', 'C epoll', 'C', trials)
const steady = [100, 101, 99, 100, 102].map((rate) => aTrial(rate, 5))
const all = (change: Partial<Trial>): Trial[] => steady.map((trial) => ({ ...trial, ...change }))

it('is silent where all is well, and of who did not run', () => {
  expect(warningsOf([entry(steady), anEntry('sync', 'syncServer', 'posix-async', [], 'it can not')])).toEqual([])
  expect(warningsOf([])).toEqual([])
})

it.each([
  [
    'other work',
    { foreign: 0.2 },
    /^The machine was busy with other work \(more than 15 % .*\) in 100 % of the trials\.$/,
  ],
  ['a hypervisor', { stolen: 0.04 }, /^The hypervisor gave more than 3 % .* in 100 % of the trials\.$/],
  ['the load generator', { busy: 0.99 }, /^The load generator was at its own limit, .*: C epoll \(fibonacci, 8\)\./],
])('warns of %s', (_, change, words) => {
  const warnings = warningsOf([entry(all(change))])
  expect(warnings).toEqual([expect.stringMatching(words)])
})

it('does not warn of a single moment', () => {
  const one = { foreign: 0.9, stolen: 0.9, busy: 1 }
  const many = [...steady, ...steady, { ...steady[0]!, ...one }]
  expect(warningsOf([entry(many)])).toEqual([])
})

it('warns of trials that differ too much, and counts whom it does not name', () => {
  const entries = ['a', 'b', 'c', 'd', 'e'].map((label) =>
    anEntry(
      label,
      label,
      'C',
      [100, 200, 150].map((rate) => aTrial(rate, 5)),
    ),
  )
  expect(warningsOf(entries)).toEqual([
    'The trials differ by more than 50 % of their median: a (fibonacci, 8), b (fibonacci, 8), c (fibonacci, 8) and 2 more.',
  ])
})
