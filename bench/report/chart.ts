// The chart of a comparison: rate and CPU time a request, by model, drawn as SVG on the server side.
import * as echarts from 'echarts'
import type { Report, WorkloadReport } from './schema.js'
import { contestants } from '../contest/contestants.js'
import { QUICK } from '../contest/plan.js'
import { entriesOf, time } from './report.js'
import type { Entry } from '../contest/summary.js'

const WIDTH = 1200
const ROW = 26
const LEFT = 320
const LINEAR = 40
const INK = '#1f2933'
const MUTED = '#65727f'
const FONT = 'system-ui, Roboto, Helvetica, Arial, sans-serif' // no quotes: they would end the attribute they get into

const colorOf: Record<Entry['family'], string> = {
  C: '#7b8794',
  'posix-async': '#1a7f5a',
  node: '#d9822b',
  Python: '#8a5cb8',
  yours: '#2a7ab8',
}

interface Panel {
  title: string
  entries: Entry[]
  figure: 'rate' | 'cpu'
  top: number
  left: number
  width: number
}

const height = (rows: number): number => rows * ROW

function compact(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)}k` : Math.round(value).toLocaleString('en-US')
}

const format = { rate: compact, cpu: time }

// At a scale's marks the numbers are round ones.
const scale = (figure: Panel['figure'], value: number): string =>
  value === 0 ? '0' : format[figure](value).replace(/\.0(?=k| )/, '')

const figuresOf = ({ entries, figure }: Panel): number[] =>
  entries.flatMap(({ summary }) => (summary && summary[figure] > 0 ? [summary[figure]] : []))

// Where the largest time would leave nothing to see of the others, the scale is logarithmic, and its title says so.
function floorOf(panel: Panel): number | undefined {
  if (panel.figure === 'rate') return undefined
  const figures = figuresOf(panel)
  const least = Math.min(...figures)
  return Math.max(...figures) > LINEAR * least ? 10 ** Math.floor(Math.log10(least)) : undefined
}

// Where a model's bars begin.
function modelRows({ entries }: Panel): { model: string; row: number }[] {
  return entries.flatMap(({ model }, row) => (model === entries[row - 1]?.model ? [] : [{ model, row }]))
}

function series(panel: Panel, index: number): echarts.BarSeriesOption {
  const { entries, figure } = panel
  return {
    type: 'bar',
    xAxisIndex: index,
    yAxisIndex: index,
    barWidth: 15,
    data: entries.map((entry) => ({
      value: entry.summary?.[figure] || floorOf(panel) || 0,
      itemStyle: { color: colorOf[entry.family], borderRadius: [0, 3, 3, 0] },
      label: entry.summary
        ? { formatter: format[figure](entry.summary[figure]) }
        : { formatter: 'not run', color: MUTED, fontStyle: 'italic' },
    })),
    label: { show: true, position: 'right', color: INK, fontSize: 12 },
  }
}

function yAxis({ entries, figure }: Panel, index: number): echarts.YAXisComponentOption {
  return {
    type: 'category',
    gridIndex: index,
    inverse: true,
    data: entries.map(({ label }) => label),
    axisTick: { show: false },
    axisLine: { lineStyle: { color: '#cbd2d9' } },
    axisLabel: { show: figure === 'rate', interval: 0, color: INK, fontSize: 12 },
  }
}

function xAxis(panel: Panel, index: number): echarts.XAXisComponentOption {
  const floor = floorOf(panel)
  const most = Math.max(...figuresOf(panel), 0)
  // Room for the number at the longest bar's end, and none for a mark there that would run into the next panel's.
  const max = floor === undefined ? most * 1.16 : most * (most / floor) ** 0.2
  return {
    ...(floor === undefined ? { type: 'value', splitNumber: 4 } : { type: 'log', min: floor }),
    gridIndex: index,
    axisLabel: { color: MUTED, formatter: (value: number) => (value > max * 0.94 ? '' : scale(panel.figure, value)) },
    splitLine: { lineStyle: { color: '#eef1f4' } },
    max: max || 1,
    axisLine: { show: false },
  }
}

// One picture, not a scroll: what a short comparison has, where there is more.
const MOST = 16

function shown(report: Report): WorkloadReport[] {
  const short = report.workloads.filter(({ name }) => QUICK.includes(name))
  return short.length > 0 ? short : report.workloads.slice(0, 3)
}

function rowsOf(report: Report, workload: WorkloadReport): Entry[] {
  const entries = entriesOf(report, workload, workload.main)
  const quick = new Set(contestants.filter((contestant) => contestant.quick).map(({ id }) => id))
  return entries.length > MOST ? entries.filter(({ id }) => quick.has(id) || id === 'own') : entries
}

function panelsOf(report: Report): { panels: Panel[]; end: number } {
  let top = 150
  const panels: Panel[] = []
  for (const workload of shown(report)) {
    const entries = rowsOf(report, workload)
    const about = `${workload.title}, ${workload.main} clients`
    const half = (WIDTH - LEFT - 30) / 2 - 20
    const common = { entries, top, width: half }
    panels.push({ ...common, title: `${about}: ${workload.unit}s a second`, figure: 'rate', left: LEFT })
    panels.push({ ...common, title: `server CPU a ${workload.unit}`, figure: 'cpu', left: LEFT + half + 40 })
    top += height(entries.length) + 96
  }
  return { panels, end: top }
}

const NAMES: Record<Entry['family'], string> = {
  C: 'C peer',
  'posix-async': 'posix-async',
  node: 'Node.js',
  Python: 'Python',
  yours: 'your server',
}

function legend(panels: readonly Panel[]): object[] {
  const there = new Set(panels.flatMap(({ entries }) => entries.map(({ family }) => family)))
  const names = (Object.keys(NAMES) as Entry['family'][]).filter((family) => there.has(family))
  return names.flatMap((family, index) => [
    {
      type: 'rect',
      left: 32 + index * 120,
      top: 84,
      shape: { width: 14, height: 14, r: 3 },
      style: { fill: colorOf[family] },
      silent: true,
    },
    { type: 'text', left: 52 + index * 120, top: 85, style: { text: NAMES[family], fill: INK, font: `13px ${FONT}` } },
  ])
}

// The model's name before its first bar, and a line over it, across both panels.
function modelMarks(panel: Panel): object[] {
  if (panel.figure !== 'rate') return []
  return modelRows(panel).flatMap(({ model, row }) => {
    const y = panel.top + row * ROW
    const shape = { x1: 32, y1: y, x2: WIDTH - 30, y2: y }
    const style = { text: model, fill: MUTED, font: `bold 12px ${FONT}` }
    return [
      { type: 'line', shape, style: { stroke: '#e4e7eb' }, silent: true },
      { type: 'text', left: 32, top: y + 7, style, silent: true },
    ]
  })
}

function options(report: Report, panels: Panel[]): echarts.EChartsOption {
  const { machine, options: run } = report
  const subtext = `${machine.cpus}, Linux ${machine.kernel}, Node.js ${machine.node}; loopback; medians of ${run.rounds} trials of ${run.duration} ms`
  const heading = {
    text: 'Processes, threads, events: the same work in C and in JavaScript',
    subtext,
    left: 32,
    top: 22,
  }
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: FONT },
    title: [
      { ...heading, textStyle: { fontSize: 22, color: INK }, subtextStyle: { fontSize: 13, color: MUTED } },
      ...panels.map((panel) => ({
        text: panel.title + (floorOf(panel) === undefined ? '' : ' (logarithmic)'),
        left: panel.figure === 'rate' ? 32 : panel.left,
        top: panel.top - 32,
        textStyle: { fontSize: 14, color: INK },
      })),
    ],
    graphic: [...legend(panels), ...panels.flatMap(modelMarks)] as echarts.GraphicComponentOption[],
    grid: panels.map(({ top, left, width, entries }) => ({ top, left, width, height: height(entries.length) })),
    xAxis: panels.map(xAxis),
    yAxis: panels.map(yAxis),
    series: panels.map(series),
  }
}

/** The chart as the text of an SVG file: no browser and no DOM is needed. */
export function renderChart(report: Report): string {
  const { panels, end } = panelsOf(report)
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: end - 24 })
  chart.setOption(options(report, panels))
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
