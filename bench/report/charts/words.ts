// What a picture of curves shows, in words: the finding as its title has it, and all of it for those who can't see it.
import type { Family } from '../../contest/contestants.js'
import { fitOf } from '../../measure/knee.js'
import type { Series } from './lines.js'

type Words = (value: number) => string

const valueAt = ({ points }: Series, place: number): number | undefined => points.find(([x]) => x === place)?.[1]

const FAMILIES: readonly Family[] = ['C', 'posix-async', 'node', 'Python', 'yours']

/** Who is best of each family, where most of them have a point: at `place`, or as far to the right as C and posix-async both go. */
export function findingOf(
  series: readonly Series[],
  y: Words,
  { less, place, tell }: { less: boolean; place?: number; tell: Words },
): string {
  const places = (family: Family): number[] =>
    series.filter((one) => one.family === family).flatMap(({ points }) => points.map(([x]) => x))
  const common = places('C').filter((x) => places('posix-async').includes(x))
  const at = place ?? Math.max(...(common.length > 0 ? common : series.flatMap(({ points }) => points.map(([x]) => x))))
  const better = (one: number, other: number): number => (less ? one - other : other - one)
  const best = FAMILIES.flatMap((family) => {
    const able = series.flatMap((one) => {
      const value = one.family === family ? valueAt(one, at) : undefined
      return value === undefined ? [] : [{ label: one.label, value }]
    })
    return able.toSorted((one, other) => better(one.value, other.value)).slice(0, 1)
  })
  const sorted = best.toSorted((one, other) => better(one.value, other.value))
  return `${tell(at)}: ${sorted.map(({ label, value }) => `${label} ${y(value)}`).join('; ')}`
}

/** Where the curves end, from the highest. */
export function endsOf(series: readonly Series[], x: Words, y: Words): string {
  const ends = series.flatMap(({ label, points }) => (points.length > 0 ? [{ label, last: points.at(-1)! }] : []))
  const sorted = ends.toSorted((one, other) => other.last[1] - one.last[1])
  const told = sorted.map(({ label, last }) => `${label} ${y(last[1])} at ${x(last[0])}`)
  return `At the end, from the highest: ${told.join(', ')}.`
}

const power = (value: number): string => value.toFixed(1).replace('-0.0', '0.0')

/** How each grows, and where it bends. */
export function fitsOf(series: readonly Series[], x: Words): string[] {
  return series.flatMap(({ label, points }) => {
    const fit = fitOf(points)
    if (!fit) return []
    const { knee } = fit
    if (!knee) return [`${label} grows with the power ${power(fit.power)}.`]
    return [`${label} bends at ${x(knee.at)} (power ${power(knee.before)} before, ${power(knee.after)} after).`]
  })
}
