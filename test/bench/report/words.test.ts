// Pictures of curves: their axes have round numbers, and their titles say what is to be seen.
import { expect, it } from 'vitest'
import type { Series } from '../../../bench/report/charts/lines.js'
import { ticksOf } from '../../../bench/report/charts/ticks.js'
import { findingOf } from '../../../bench/report/charts/words.js'

it.each([
  [8, 60, 'decimal', [10, 20, 50]],
  [90, 1100, 'decimal', [100, 200, 500, 1000]],
  [90, 11_000, 'decimal', [100, 300, 1000, 3000, 10_000]],
  [1, 1e6, 'decimal', [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]],
  [3000, 70_000, 'binary', [4096, 8192, 16_384, 32_768, 65_536]],
  [1, 1e9, 'binary', [1, 16, 256, 4096, 65_536, 1_048_576, 16_777_216, 268_435_456]],
] as const)('an axis from %d to %d (%s) has labels at %j', (least, most, kind, ticks) => {
  const got = ticksOf(least, most, kind)
  expect(got).toEqual(ticks.map((tick) => expect.closeTo(tick, 6)))
})

const aSeries = (label: string, family: Series['family'], values: number[]): Series => ({
  ...{ id: label, label, family },
  points: values.map((value, at) => [2 ** at, value]),
})

const series = [
  aSeries('C one', 'C', [1, 2, 3, 4]),
  aSeries('C two', 'C', [1, 2, 2]),
  aSeries('ours', 'posix-async', [2, 3, 4]),
  aSeries('theirs', 'node', [9, 9, 9, 9]),
]

it('a finding is the best of each family, as far as C and posix-async both go', () => {
  const tell = (at: number): string => `at ${at}`
  expect(findingOf(series, String, { less: true, tell })).toBe('at 4: C two 2; ours 4; theirs 9')
  expect(findingOf(series, String, { less: false, tell })).toBe('at 4: theirs 9; ours 4; C one 3')
  expect(findingOf(series, String, { less: true, place: 8, tell })).toBe('at 8: C one 4; theirs 9')
})
