// A comparison as data: what compare() gives, what is written as JSON, and what each printer reads. See docs/compare.md.
import type { Contestant } from '../contest/contestants.js'
import type { Entry } from '../contest/summary.js'
import type { Trace } from '../contest/trace/record.js'
import type { Workload } from '../contest/workloads.js'
import type { LoadMode } from '../measure/load.js'
import type { Machine } from '../measure/machine.js'
import type { Curve } from '../studies/growth/curve.js'

/** How far a comparison is. */
export interface Progress {
  done: number
  total: number
  /** What is being done now. */
  what: string
}

/** A comparison as JSON has it: see docs/compare.md. */
export interface Report {
  /** Of this shape: grows when a program that reads it would be misled otherwise. */
  schema: 1
  date: string
  machine: Machine
  options: { rounds: number; duration: number }
  contestants: Pick<Contestant, 'id' | 'label' | 'family' | 'model' | 'about'>[]
  workloads: WorkloadReport[]
  entries: Entry[]
  traces: Trace[]
  growth: Curve[]
  warnings: string[]
  seconds: number
}

/** `clients`: all their numbers; `main`: the one that stands for the workload. */
export type WorkloadReport = Pick<Workload, 'name' | 'title' | 'about' | 'unit'> & {
  mode: LoadMode
  clients: number[]
  main: number
}
