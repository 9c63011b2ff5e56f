// How long the rest of a job takes, as it is told on a terminal.
import { expect, it } from 'vitest'
import { timeLeft } from '../../../bench/cli/meter.js'

it.each([
  [0, 10, 5000, ''],
  [1, 10, 5000, ''],
  [5, 10, 500, ''],
  [5, 10, 5000, ', about 5 s left'],
  [10, 20, 95_000, ', about 95 s left'],
  [10, 100, 60_000, ', about 9 min left'],
  [10, 10, 60_000, ', about 0 s left'],
])('after %d of %d in %d ms: "%s"', (done, total, elapsed, text) => {
  expect(timeLeft(done, total, elapsed)).toBe(text)
})
