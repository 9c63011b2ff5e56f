// Measures how costs grow, each curve point by point, its contestants in turn.
import { fitOf } from '../../measure/knee.js'
import { median } from '../../measure/statistics.js'
import type { Curve, GrowthOptions, Plan, Step } from './curve.js'
import { diskPlan } from './disk.js'
import { heapPlan } from './heap.js'
import { connectionPlan, messagePlan } from './served.js'

const byPlace = (one: Step, other: Step): number => one.x - other.x

// A round is one trial of everybody at every place, those of one place side by side.
function inTurn({ steps, rounds }: Plan): Step[] {
  const sorted = steps.toSorted(byPlace)
  return Array.from({ length: rounds }, () => sorted).flat()
}

// A point that can't be measured ends its series, with the reason.
async function take(step: Step, values: Map<Step, number[]>, signal: AbortSignal | undefined): Promise<void> {
  try {
    const value = await step.measure()
    values.set(step, [...(values.get(step) ?? []), value])
  } catch (error) {
    signal?.throwIfAborted()
    step.series.reason = (error as Error).message.trim().split('\n').at(-1)!
  }
}

function finish({ curve, steps }: Plan, values: ReadonlyMap<Step, number[]>): Curve {
  for (const step of steps.toSorted(byPlace)) {
    const own = values.get(step)
    if (own) step.series.points.push([step.x, median(own)])
  }
  for (const series of curve.series) {
    const fit = fitOf(series.points)
    if (fit) series.fit = fit
  }
  return curve
}

const plansOf = (options: GrowthOptions): Plan[] => [
  heapPlan(options),
  messagePlan(options),
  connectionPlan(options),
  diskPlan(options),
]

/** Measures all curves. */
export async function measureGrowth(options: GrowthOptions = {}, plans = plansOf(options)): Promise<Curve[]> {
  const { signal, onProgress } = options
  const total = plans.reduce((sum, { steps, rounds }) => sum + steps.length * rounds, 0)
  const values = new Map<Step, number[]>()
  let done = 0
  try {
    for (const step of plans.flatMap(inTurn)) {
      if (step.series.reason === undefined) {
        onProgress?.({ done, total, what: step.what })
        await take(step, values, signal)
      }
      done++
    }
  } finally {
    for (const { end } of plans) await end?.()
  }
  return plans.map((plan) => finish(plan, values))
}
