// A report's curves: by clients, by percentile, and of growth, each as something to draw.
import type { Report, WorkloadReport } from './compare.js'
import type { Series } from './charts/lines.js'
import { fitOf, kneeOf } from './charts/knee.js'
import type { Figure } from './html/figures.js'
import type { Model } from './contestants.js'
import type { Curve, Quantity } from './growth/curve.js'
import { entriesOf, size, time, whole } from './report.js'
import type { Entry, Summary } from './summary.js'

/** The models that have curves of their own, in the order in which they are shown. */
export const MODELS: readonly Model[] = ['fork', 'thread', 'event']

const short = (value: number): string => (value >= 10_000 ? `${Math.round(value / 1000)}k` : whole(value))

const formats: Record<Quantity['unit'], (value: number) => string> = {
  MiB: (value) => size(value * 2 ** 20).replace('.0', ''),
  bytes: (value) => (value < 1024 ? `${Math.round(value)} B` : size(value).replace('.0', '')),
  connections: whole,
  clients: whole,
  reads: whole,
  microseconds: (value) => time(value).replace(/\.0(?= )/, ''),
  'a second': short,
}

type Words = (value: number) => string

// Where the curves end, from the highest.
function endsOf(series: readonly Series[], x: Words, y: Words): string {
  const ends = series.flatMap(({ label, points }) => (points.length > 0 ? [{ label, last: points.at(-1)! }] : []))
  const sorted = ends.toSorted((one, other) => other.last[1] - one.last[1])
  const told = sorted.map(({ label, last }) => `${label} ${y(last[1])} at ${x(last[0])}`)
  return `At the end, from the highest: ${told.join(', ')}.`
}

const power = (value: number): string => value.toFixed(1).replace('-0.0', '0.0')

// How each grows, and where it bends.
function fitsOf(series: readonly Series[], x: Words): string[] {
  return series.flatMap(({ label, points }) => {
    const fit = fitOf(points)
    if (!fit) return []
    const { knee } = fit
    if (!knee) return [`${label} grows with the power ${power(fit.power)}.`]
    return [`${label} bends at ${x(knee.at)} (power ${power(knee.before)} before, ${power(knee.after)} after).`]
  })
}

// What there is to see, for those who can't: of curves over clients only the bends, which is what they are looked at for.
function wordsOf(series: readonly Series[], x: Words, y: Words): string {
  const bends = fitsOf(
    series.filter(({ knee }) => knee !== undefined),
    x,
  )
  return [endsOf(series, x, y), ...bends].join(' ')
}

function withKnees(series: readonly Omit<Series, 'knee'>[]): Series[] {
  return series.map((one) => ({ ...one, knee: kneeOf(one.points)?.at }))
}

interface ByClients {
  title: string
  unit: Quantity['unit']
  value: (summary: Summary) => number
}

const byClients = ({ unit }: WorkloadReport): readonly ByClients[] => [
  { title: `${unit}s a second`, unit: 'a second', value: ({ rate }) => rate },
  { title: 'p99 latency', unit: 'microseconds', value: ({ p99 }) => p99 },
  { title: `server CPU a ${unit}`, unit: 'microseconds', value: ({ cpu }) => cpu },
]

function clientSeries(report: Report, workload: WorkloadReport, model: Model, value: ByClients['value']): Series[] {
  const entries = report.entries.filter(
    (entry) => entry.workload === workload.name && entry.model === model && entry.summary,
  )
  const ids = [...new Set(entries.map(({ id }) => id))]
  const series = ids.map((id) => {
    const own = entries.filter((entry) => entry.id === id).toSorted((one, other) => one.clients - other.clients)
    const { label, family } = own[0]!
    return {
      id,
      label,
      family,
      points: own.map(({ clients, summary }): [number, number] => [clients, value(summary!)]),
    }
  })
  return withKnees(series.filter(({ points }) => points.length > 2))
}

/** Rate, latency and CPU time by clients: a figure for each model. Empty where only one number of clients was run. */
export function clientFigures(report: Report, workload: WorkloadReport): Figure[] {
  return byClients(workload).flatMap(({ title, unit, value }) =>
    MODELS.flatMap((model) => {
      const series = clientSeries(report, workload, model, value)
      if (series.length === 0) return []
      const [x, y] = [formats.clients, formats[unit]]
      const words = wordsOf(series, x, y)
      return [{ title: model, xTitle: 'clients', yTitle: title, series, x, y, words }]
    }),
  )
}

// The axis is of what is left above: 1 - quantile, halved from place to place, so that 99 % and 99.9 % lie as far apart as 90 % and 99 %.
const PERCENTILES = [0.5, 0.9, 0.99, 0.999, 0.9999]
const beyond = (quantile: number): number => 1 / (1 - quantile)
const percentile = (at: number): string => `${Number((100 - 100 / at).toFixed(2))} %`

function percentilesOf({ id, label, family, summary }: Entry): Series {
  const points = summary!.quantiles.filter(([at]) => at >= PERCENTILES[0]! && at <= PERCENTILES.at(-1)!)
  return { id, label, family, points: points.map(([at, latency]) => [beyond(at), latency]) }
}

/** The latency percentiles of a workload: a figure for each model. */
export function percentileFigures(report: Report, workload: WorkloadReport): Figure[] {
  const able = entriesOf(report, workload, workload.main).filter(({ summary }) => summary)
  return MODELS.flatMap((model) => {
    const series = able.filter((entry) => entry.model === model).map(percentilesOf)
    if (series.length === 0) return []
    const [x, y, marks] = [percentile, formats.microseconds, PERCENTILES.map(beyond)]
    const texts = { title: model, xTitle: 'percentile', yTitle: 'latency' }
    return [{ ...texts, series: series.slice(0, 7), x, y, marks, words: wordsOf(series, x, y) }]
  })
}

/** A curve of growth, with its knees. */
export function growthFigure({ title, x: xQuantity, y: yQuantity, series }: Curve): Figure {
  const [x, y] = [formats[xQuantity.unit], formats[yQuantity.unit]]
  const drawn = withKnees(series.filter(({ points }) => points.length > 1))
  const words = [endsOf(drawn, x, y), ...fitsOf(drawn, x)].join(' ')
  const texts = { title, xTitle: xQuantity.title, yTitle: yQuantity.title, words }
  return { ...texts, series: drawn, x, y, base: yQuantity.unit === 'bytes' ? 16 : 10 }
}
