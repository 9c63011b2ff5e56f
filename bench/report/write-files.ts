// The files that a comparison leaves: figures as JSON, a report to open, tables in Markdown, and every picture as SVG.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { drawLines } from './charts/lines.js'
import { standalone } from './charts/palette.js'
import { drawTimeline } from './charts/timeline.js'
import { renderChart } from './chart.js'
import { makePlainFolder, writePlainFile } from './plain-file.js'
import type { Report } from './schema.js'
import { clientFigures, growthFigure, percentileFigures } from './curves.js'
import type { Figure } from './html/figures.js'
import { renderPage } from './html/page.js'
import { renderMarkdown } from './markdown.js'
import { renderJson } from './report.js'

const slug = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

function figures(report: Report): Figure[] {
  const { workloads } = report
  return [
    ...workloads.flatMap((workload) => clientFigures(report, workload)),
    ...workloads.flatMap((workload) => percentileFigures(report, workload)),
    ...report.growth.map(growthFigure),
  ]
}

function pictures(report: Report): [name: string, text: string][] {
  const drawn = figures(report).filter(({ series }) => series.length > 0)
  const curves = drawn.map((figure): [string, string] => [slug(figure.name), drawLines(figure)])
  const able = report.traces.filter(({ reason }) => reason === undefined)
  const timelines = able.map((trace): [string, string] => [`timeline-${trace.id}`, drawTimeline(trace)])
  return [...curves, ...timelines].map(([name, svg]) => [`charts/${name}.svg`, standalone(svg)])
}

/** Writes them, and gives their paths; the report first. */
export function writeFiles(report: Report, folder: string): string[] {
  const files: [name: string, text: string][] = [
    ['report.html', renderPage(report)],
    ['compare.json', renderJson(report)],
    ['compare.md', renderMarkdown(report)],
    ['compare.svg', renderChart(report)],
    ...pictures(report),
  ]
  mkdirSync(folder, { recursive: true })
  makePlainFolder(join(folder, 'charts'))
  return files.map(([name, text]) => {
    const file = join(folder, name)
    writePlainFile(file, text)
    return file
  })
}
