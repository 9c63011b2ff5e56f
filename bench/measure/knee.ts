// Where a curve bends: the place from which its cost grows in another way than before.

export interface Knee {
  /** The last place that lies on the first part. */
  at: number
  /** Exponents: y grows as x to this power, before and after. */
  before: number
  after: number
}

type Point = readonly [x: number, y: number]

// Least squares of a straight line through the logarithms.
function fit(points: readonly Point[]): { slope: number; error: number } {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const)
  const mean = (at: 0 | 1): number => logs.reduce((sum, log) => sum + log[at], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const spread = logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0)
  const slope = spread === 0 ? 0 : logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0) / spread
  return { slope, error: logs.reduce((sum, log) => sum + (log[1] - y - slope * (log[0] - x)) ** 2, 0) }
}

const arePositive = (points: readonly Point[]): boolean => points.every(([x, y]) => x > 0 && y > 0)

// Two lines must explain the points so much better than one, and differ so much, to be two.
const BETTER = 0.4
const DIFFERENT = 0.3

/** The knee of a curve of at least five points with positive values; undefined: one line fits well enough. */
export function kneeOf(points: readonly Point[]): Knee | undefined {
  if (points.length < 5 || !arePositive(points)) return undefined
  const whole = fit(points)
  const splits = points.slice(1, -1).map((point, index) => {
    const [first, second] = [fit(points.slice(0, index + 2)), fit(points.slice(index + 1))]
    return { at: point[0], before: first.slope, after: second.slope, error: first.error + second.error }
  })
  const { error, ...best } = splits.reduce((one, other) => (other.error < one.error ? other : one))
  return error < whole.error * BETTER && Math.abs(best.after - best.before) > DIFFERENT ? best : undefined
}

/** How a curve grows: as one power of x, and where there is a knee as two. */
export interface Fit {
  power: number
  knee?: Knee
}

/** The fit of a curve of at least three points with positive values. */
export function fitOf(points: readonly Point[]): Fit | undefined {
  if (points.length < 3 || !arePositive(points)) return undefined
  const knee = kneeOf(points)
  return { power: fit(points).slope, ...(knee && { knee }) }
}
