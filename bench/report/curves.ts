// A report's curves: by clients, by percentile, and of growth, each as something to draw.
import type { Report, WorkloadReport } from './schema.js'
import type { Series } from './charts/lines.js'
import { kneeOf } from '../measure/knee.js'
import { endsOf, findingOf, fitsOf } from './charts/words.js'
import type { Figure } from './html/figures.js'
import { contestants, type Model } from '../contest/contestants.js'
import type { Curve, Quantity } from '../studies/growth/curve.js'
import { entriesOf, size, time, whole } from './report.js'
import type { Entry, Summary } from '../contest/summary.js'

/** The models that have curves of their own, in the order in which they are shown. */
export const MODELS: readonly Model[] = ['fork', 'thread', 'event']

const TITLES: Record<Model, string> = {
  sequential: 'One after another',
  fork: 'Processes',
  thread: 'Threads',
  event: 'Events',
}

const short = (value: number): string =>
  value >= 10_000 || (value >= 1000 && value % 1000 === 0) ? `${Math.round(value / 1000)}k` : whole(value)

const formats: Record<Quantity['unit'], (value: number) => string> = {
  MiB: (value) => size(value * 2 ** 20).replace('.0', ''),
  bytes: (value) => (value < 1024 ? `${Math.round(value)} B` : size(value).replace('.0', '')),
  connections: whole,
  clients: whole,
  reads: whole,
  microseconds: (value) => time(value).replace(/\.0(?= )/, ''),
  'a second': short,
}

// What there is to see, for those who can't: of curves over clients only the bends, which is what they are looked at for.
function wordsOf(series: readonly Series[], x: (value: number) => string, y: (value: number) => string): string {
  const bending = series.filter(({ knee }) => knee !== undefined)
  return [endsOf(series, x, y), ...fitsOf(bending, x)].join(' ')
}

function withKnees(series: readonly Omit<Series, 'knee'>[]): Series[] {
  return series.map((one) => ({ ...one, knee: kneeOf(one.points)?.at }))
}

interface ByClients {
  title: string
  less: boolean
  unit: Quantity['unit']
  value: (summary: Summary) => number
}

const byClients = ({ unit }: WorkloadReport): readonly ByClients[] => [
  { title: `${unit}s a second`, unit: 'a second', less: false, value: ({ rate }) => rate },
  { title: 'p99 latency', unit: 'microseconds', less: true, value: ({ p99 }) => p99 },
  { title: `server CPU a ${unit}`, unit: 'microseconds', less: true, value: ({ cpu }) => cpu },
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
  return byClients(workload).flatMap(({ title, unit, less, value }) =>
    MODELS.flatMap((model) => {
      const series = clientSeries(report, workload, model, value)
      if (series.length === 0) return []
      const [x, y] = [formats.clients, formats[unit]]
      const finding = findingOf(series, y, { less, tell: (at) => `${x(at)} clients` })
      const texts = {
        name: `${workload.name} ${title} ${model}`,
        title: TITLES[model],
        xTitle: 'clients',
        yTitle: title,
      }
      return [{ ...texts, series, x, y, finding, words: wordsOf(series, x, y) }]
    }),
  )
}

// The axis is of what is left above: 1 - quantile, halved from place to place, so that 99 % and 99.9 % lie as far apart as 90 % and 99 %.
const PERCENTILES = [0.5, 0.9, 0.99, 0.999, 0.9999]
const beyond = (quantile: number): number => 1 / (1 - quantile)
const percentile = (at: number): string => `${Number((100 - 100 / at).toFixed(2))} %`

// A curve ends where the samples do: of 500 requests none tells what 99.99 % of all take.
function percentilesOf({ id, label, family, summary, trials }: Entry): Series {
  const samples = Math.min(...trials.map(({ requests }) => requests))
  const last = Math.min(PERCENTILES.at(-1)!, 1 - 1 / Math.max(samples, 2))
  const points = summary!.quantiles.filter(([at]) => at >= PERCENTILES[0]! && at <= last)
  return { id, label, family, points: points.map(([at, latency]) => [beyond(at), latency]) }
}

// Those that stand for their models: more than these nobody could tell apart.
const MAIN = new Set(contestants.filter(({ main }) => main).map(({ id }) => id)).add('own')

/** The latency percentiles of a workload: a figure for each model. */
export function percentileFigures(report: Report, workload: WorkloadReport): Figure[] {
  if (workload.mode === 'idle') return []
  const able = entriesOf(report, workload, workload.main).filter(({ id, summary }) => summary && MAIN.has(id))
  return MODELS.flatMap((model) => {
    const series = able.filter((entry) => entry.model === model).map(percentilesOf)
    if (series.length === 0) return []
    const [x, y, marks] = [percentile, formats.microseconds, PERCENTILES.map(beyond)]
    const finding = findingOf(series, y, { less: true, place: beyond(0.99), tell: () => '99 % within' })
    const texts = {
      title: TITLES[model],
      xTitle: 'percentile',
      yTitle: 'latency',
      finding,
      words: wordsOf(series, x, y),
    }
    return [{ name: `${workload.name} percentiles ${model}`, ...texts, series, x, y, marks }]
  })
}

/** A curve of growth, with its knees. */
export function growthFigure({ name, title, about, x: xQuantity, y: yQuantity, series }: Curve): Figure {
  const [x, y] = [formats[xQuantity.unit], formats[yQuantity.unit]]
  const drawn = withKnees(series.filter(({ points }) => points.length > 1))
  const counted = ['connections', 'reads'].includes(xQuantity.unit) ? ` ${xQuantity.unit}` : ''
  const words = [endsOf(drawn, x, y), ...fitsOf(drawn, x)].join(' ')
  const finding = findingOf(drawn, y, { less: yQuantity.unit !== 'a second', tell: (at) => `At ${x(at)}${counted}` })
  const texts = { name, title, about, xTitle: xQuantity.title, yTitle: yQuantity.title, finding, words }
  return { ...texts, series: drawn, x, y, round: yQuantity.unit === 'bytes' ? 'binary' : 'decimal' }
}
