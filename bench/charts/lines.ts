// Curves on a logarithmic x axis, drawn as SVG on the server side: no browser and no DOM is needed.
import * as echarts from 'echarts'
import type { Family } from '../contestants.js'
import { color, styleOf } from './palette.js'

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
  /** The y axis is logarithmic too: to this base (default 10). */
  base?: number
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

// What lies on the axis is its logarithm, so that every point can have its label there.
const place = Math.log2

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
    data: one.points.map(([x, y]) => [place(x), y]),
    symbol: one.symbol,
    symbolSize: 7,
    lineStyle: { color: one.color, width: 2 },
    itemStyle: { color: one.color },
    emphasis: { disabled: true },
    ...kneeOf(one),
  }
}

function optionsOf({ series, x, y, base = 10, marks }: LineChart): echarts.EChartsOption {
  const places =
    marks ?? [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b)
  const values = series.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value > 0)
  const label = { color: color('muted'), fontSize: 11 }
  return {
    animation: false,
    textStyle: { fontFamily: 'inherit' },
    grid: { left: 62, right: 16, top: 12, bottom: 34 },
    xAxis: {
      type: 'value',
      min: place(places[0]!),
      max: place(places.at(-1)!),
      // Named places only, where echarts lets them be named.
      axisLabel: {
        ...label,
        customValues: places.map(place),
        formatter: (at: number) => x(2 ** at),
        hideOverlap: true,
      },
      axisTick: { customValues: places.map(place), lineStyle: { color: color('rule') } },
      axisLine: { lineStyle: { color: color('rule') } },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'log',
      logBase: base,
      min: Math.min(...values) / 1.4,
      max: Math.max(...values) * 1.4,
      axisLabel: { ...label, formatter: y, showMinLabel: false, showMaxLabel: false },
      splitLine: { lineStyle: { color: color('rule') } },
    },
    series: styled(series).map(lineOf),
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
