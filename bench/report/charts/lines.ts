// Curves on a logarithmic x axis, drawn as SVG on the server side: no browser and no DOM is needed.
import * as echarts from 'echarts'
import type { Family } from '../../contest/contestants.js'
import { color, styleOf } from './palette.js'
import { ticksOf } from './ticks.js'

export interface Series {
  id: string
  label: string
  family: Family
  points: [x: number, y: number][]
  /** Where the curve bends, if it does: marked in the picture. */
  knee?: number | undefined
}

export interface LineChart {
  series: readonly Series[]
  x: (value: number) => string
  y: (value: number) => string
  /** The round numbers of the y axis (default decimal). */
  round?: 'decimal' | 'binary'
  /** The places of the x axis that have a label (default: those of the points). */
  marks?: readonly number[]
}

export const LINE_SIZE = { width: 360, height: 250 }

/** Each series with its colour and symbol. */
export function styled(series: readonly Series[]): (Series & ReturnType<typeof styleOf>)[] {
  const seen = new Map<Family, number>()
  return series.map((one) => {
    const nth = seen.get(one.family) ?? 0
    seen.set(one.family, nth + 1)
    return { ...one, ...styleOf(one.family, nth) }
  })
}

// What lies on an axis is the logarithm, so that the labels can stand where they are wanted.
const place = Math.log2
const valueAt = (at: number): number => Number((2 ** at).toPrecision(12)) // 1,000 and not 999.9999999

function kneeOf({ knee, color: own }: { knee?: number | undefined; color: string }): Partial<echarts.LineSeriesOption> {
  if (knee === undefined) return {}
  const lineStyle = { color: own, type: 'dashed' as const, width: 1, opacity: 0.7 }
  return {
    markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle, data: [{ xAxis: place(knee) }] },
  }
}

function lineOf(one: ReturnType<typeof styled>[number]): echarts.LineSeriesOption {
  return {
    type: 'line',
    name: one.label,
    data: one.points.map(([x, y]) => [place(x), place(y)]),
    symbol: one.symbol,
    symbolSize: 7,
    lineStyle: { color: one.color, width: 2 },
    itemStyle: { color: one.color },
    emphasis: { disabled: true },
    ...kneeOf(one),
  }
}

const label = { color: color('muted'), fontSize: 11 }
const rule = { lineStyle: { color: color('rule') } }

// Named places only, where echarts lets them be named.
function axisOf(places: readonly number[], name: (value: number) => string, [min, max]: readonly [number, number]) {
  const customValues = places.map(place)
  return {
    type: 'value' as const,
    min: place(min),
    max: place(max),
    axisLabel: { ...label, customValues, formatter: (at: number) => name(valueAt(at)), hideOverlap: true },
    axisTick: { customValues, ...rule },
    axisLine: rule,
  }
}

// A rule at each label of the y axis: echarts draws its own at places of its own.
const rulesAt = (ticks: readonly number[]): echarts.LineSeriesOption => ({
  type: 'line',
  data: [],
  markLine: {
    ...{ silent: true, symbol: 'none', label: { show: false }, z: 0 },
    lineStyle: { color: color('rule'), type: 'solid', width: 1 },
    data: ticks.map((tick) => ({ yAxis: place(tick) })),
  },
})

function optionsOf({ series, x, y, round, marks }: LineChart): echarts.EChartsOption {
  const own = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b)
  const places = marks ?? own
  const values = series.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value > 0)
  const bounds = [Math.min(...values) / 1.4, Math.max(...values) * 1.4] as const
  const ticks = ticksOf(...bounds, round)
  return {
    animation: false,
    textStyle: { fontFamily: 'inherit' },
    grid: { left: 62, right: 18, top: 12, bottom: 34 },
    xAxis: { ...axisOf(places, x, [places[0]!, places.at(-1)!]), splitLine: { show: false } },
    yAxis: { ...axisOf(ticks, y, bounds), splitLine: { show: false } },
    series: [...styled(series).map(lineOf), rulesAt(ticks)],
  }
}

/** The text of an SVG element. */
export function drawLines(chart: LineChart): string {
  const drawing = echarts.init(null, null, { renderer: 'svg', ssr: true, ...LINE_SIZE })
  drawing.setOption(optionsOf(chart))
  const svg = drawing.renderToSVGString()
  drawing.dispose()
  return svg.trim()
}
