// A curve bends where its power changes, and a straight one does not.
import { expect, it } from 'vitest'
import { fitOf, kneeOf } from '../../../bench/measure/knee.js'

const curve = (y: (x: number) => number): [number, number][] => [1, 2, 4, 8, 16, 32, 64].map((x) => [x, y(x)])

it('gives the power of a straight one, and no knee', () => {
  expect(fitOf(curve((x) => 3 * x ** 2))).toEqual({ power: expect.closeTo(2, 9) })
  expect(kneeOf(curve((x) => 3 * x ** 2))).toBeUndefined()
})

it('finds where a flat one begins to rise, and where a rising one becomes flat', () => {
  const rising = kneeOf(curve((x) => (x <= 8 ? 10 : 10 * (x / 8))))!
  expect(rising.at).toBe(8)
  expect([rising.before, rising.after]).toEqual([expect.closeTo(0, 9), expect.closeTo(1, 9)])
  expect(kneeOf(curve((x) => Math.min(x, 16)))?.at).toBe(16)
  expect(fitOf(curve((x) => Math.min(x, 16)))?.knee?.at).toBe(16)
})

it('finds none in too few points, or where there is nothing to take the logarithm of', () => {
  expect(kneeOf(curve((x) => x).slice(0, 4))).toBeUndefined()
  expect(kneeOf(curve((x) => (x === 1 ? 0 : x)))).toBeUndefined()
  expect(fitOf(curve((x) => x).slice(0, 2))).toBeUndefined()
  expect(fitOf(curve((x) => (x === 1 ? 0 : x)))).toBeUndefined()
})
