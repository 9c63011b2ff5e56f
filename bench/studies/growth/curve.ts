// A curve of growth: what it is about, its series, and how each of its points is measured.
import type { Fit } from '../../measure/knee.js'
import type { Family } from '../../contest/contestants.js'

export interface Curve {
  name: string
  title: string
  about: string
  x: Quantity
  y: Quantity
  series: CurveSeries[]
}

/** `unit`: of the numbers. */
export interface Quantity {
  title: string
  unit: 'MiB' | 'bytes' | 'connections' | 'clients' | 'reads' | 'microseconds' | 'a second'
}

export interface CurveSeries {
  id: string
  label: string
  family: Family
  /** Medians over the rounds. */
  points: [x: number, y: number][]
  /** How it grows, where there are points enough to say so. */
  fit?: Fit
  /** Why it has fewer points than others. */
  reason?: string
}

export interface GrowthOptions {
  /** Milliseconds of a trial (default 250). */
  duration?: number
  signal?: AbortSignal | undefined
  onProgress?: (progress: { done: number; total: number; what: string }) => void
}

/** One trial of a point. */
export interface Step {
  what: string
  series: CurveSeries
  x: number
  measure(): Promise<number>
}

export interface Plan {
  curve: Curve
  steps: Step[]
  /** Trials of each point. */
  rounds: number
  /** What is to be done when all steps are over. */
  end?: () => Promise<void>
}
