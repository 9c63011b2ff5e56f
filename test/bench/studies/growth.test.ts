// Curves of growth: measured in turn, medians over the rounds, and a reason where a point can't be had.
import { expect, it } from 'vitest'
import type { CurveSeries, Plan } from '../../../bench/studies/growth/curve.js'
import { measureGrowth } from '../../../bench/studies/growth/measure.js'

// Two contestants at three places each, whose values are given by `measure`.
function aPlan(measure: (id: string, x: number) => Promise<number>, rounds: number, end: () => void): Plan {
  const series = ['one', 'two'].map((id): CurveSeries => ({ id, label: id, family: 'C', points: [] }))
  const steps = series.flatMap((own) =>
    [4, 1, 2].map((x) => ({ what: `${own.id} ${x}`, series: own, x, measure: () => measure(own.id, x) })),
  )
  const [x, y] = [{ title: 'x', unit: 'clients' } as const, { title: 'y', unit: 'microseconds' } as const]
  return { curve: { name: 'it', title: 'It', about: '', x, y, series }, steps, rounds, end: async () => end() }
}

it('takes everybody in turn at each place, and the median of the rounds', async () => {
  const order: string[] = []
  let calls = 0
  const plan = aPlan(
    (id, x) => {
      order.push(`${id} ${x}`)
      return Promise.resolve(x * [10, 30, 20][Math.floor(calls++ / 6)]!)
    },
    3,
    () => order.push('end'),
  )
  const [curve] = await measureGrowth({}, [plan])
  expect(order.slice(0, 6)).toEqual(['one 1', 'two 1', 'one 2', 'two 2', 'one 4', 'two 4'])
  expect([order.length, order.at(-1)]).toEqual([19, 'end'])
  for (const { points, fit } of curve!.series) {
    expect(points).toEqual([
      [1, 20],
      [2, 40],
      [4, 80],
    ])
    expect(fit).toEqual({ power: expect.closeTo(1, 9) })
  }
})

it('ends a series where a point can not be had, says why, and goes on with the others', async () => {
  const measure = (id: string, x: number): Promise<number> =>
    id === 'two' && x > 1 ? Promise.reject(new Error('Command failed\nno memory')) : Promise.resolve(x)
  const [curve] = await measureGrowth({}, [aPlan(measure, 1, () => {})])
  expect(curve!.series.map(({ points, reason }) => [points.length, reason])).toEqual([
    [3, undefined],
    [1, 'no memory'],
  ])
})

it('tidies up when it is interrupted, too', async () => {
  const controller = new AbortController()
  let ended = 0
  const measure = (): Promise<number> => {
    controller.abort(new Error('interrupted'))
    return Promise.reject(new Error('killed'))
  }
  const plan = aPlan(measure, 1, () => ended++)
  await expect(measureGrowth({ signal: controller.signal }, [plan])).rejects.toThrow('interrupted')
  expect(ended).toBe(1)
})
