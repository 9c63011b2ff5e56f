// The few statistics of a comparison: medians, quantiles, and what chance alone may make of a ratio.

export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * at
  const below = sorted[Math.floor(position)]!
  return below + (sorted[Math.ceil(position)]! - below) * (position % 1)
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** A ratio with the bounds that 95 of 100 repetitions would lie between. */
export interface Ratio {
  ratio: number
  low: number
  high: number
}

const RESAMPLES = 2000

// xorshift32: the same trials always give the same bounds.
function randomIndexes(): (length: number) => number {
  let state = 0x2545f491
  return (length) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return Math.floor(((state >>> 0) / 2 ** 32) * length)
  }
}

/** The ratio of two medians, with the interval of a bootstrap: both samples drawn again with replacement, many times. */
export function ratioOf(own: readonly number[], others: readonly number[]): Ratio {
  const index = randomIndexes()
  const drawn = (values: readonly number[]): number => median(values.map(() => values[index(values.length)]!))
  const ratios = Array.from({ length: RESAMPLES }, () => drawn(own) / drawn(others))
  return { ratio: median(own) / median(others), low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) }
}
