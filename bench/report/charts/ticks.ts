// The places of a logarithmic axis that have a label: round numbers, enough of them to read a value and not more than fit.

const MOST = 6

// The powers of `base` times each factor that lie between the two.
function between(least: number, most: number, base: number, factors: readonly number[]): number[] {
  const first = Math.floor(Math.log(least) / Math.log(base))
  const last = Math.ceil(Math.log(most) / Math.log(base))
  const powers = Array.from({ length: last - first + 1 }, (_, at) => base ** (first + at))
  return powers.flatMap((power) => factors.map((factor) => power * factor)).filter((at) => at >= least && at <= most)
}

/** Round numbers for people (1, 2, 5, 10), or for bytes (powers of two). */
export function ticksOf(least: number, most: number, kind: 'decimal' | 'binary' = 'decimal'): number[] {
  const fine =
    kind === 'binary'
      ? [2, 4, 16].map((base) => between(least, most, base, [1]))
      : [[1, 2, 5], [1, 3], [1]].map((factors) => between(least, most, 10, factors))
  return fine.find((ticks) => ticks.length <= MOST) ?? fine.at(-1)!
}
