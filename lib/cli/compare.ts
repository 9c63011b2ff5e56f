// posix-async compare: all models against the C peers and node's own server; progress, a table, JSON and a chart.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { positiveDuration, whole } from './arguments.js'
import { compile } from '../../bench/compile.js'
import { compare, type Progress, type Report } from '../../bench/compare.js'
import { type Contestant, contestants, contestantsNamed } from '../../bench/contestants.js'
import { renderJson, renderTable } from '../../bench/report.js'
import { EXIT, Failure } from './failure.js'
import { createMeter } from './meter.js'

// The quick size: what is done when neither duration nor rounds are asked for fits in a minute, if need be with fewer rounds.
const QUICK = { duration: 250, rounds: 3, budget: 50_000 }

interface Options {
  only: readonly Contestant[]
  clients?: number
  duration?: number
  rounds?: number
  output: string
  json?: boolean
}

function named(list: string): Contestant[] {
  try {
    return contestantsNamed(list.split(',').map((id) => id.trim()))
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

// The servers run in sessions of their own, where the terminal's Ctrl-C does not reach them: it ends them through this.
function stopOnSignal(): AbortController {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Failure('interrupted', EXIT.interrupted)))
  }
  return controller
}

async function write(report: Report, folder: string): Promise<string[]> {
  const { renderChart } = await import('../../bench/chart.js') // slow to load, and not needed before
  const files = { 'compare.json': renderJson(report), 'compare.svg': renderChart(report) }
  return Object.entries(files).map(([name, text]) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  })
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new Failure(`the results can't be written to ${folder}: ${(error as Error).message}`)
  }
}

async function run({ only, clients, duration, rounds, output, json }: Options): Promise<void> {
  const asked = duration !== undefined || rounds !== undefined
  const size = {
    duration: duration ?? QUICK.duration,
    rounds: rounds ?? QUICK.rounds,
    budget: asked ? undefined : QUICK.budget,
  }
  makeFolder(output) // first, so that nobody waits for results that can't be written
  const { signal } = stopOnSignal()
  const meter = createMeter()
  meter.say('compiling the load generator and the C peers (once)')
  await compile('load')
  const onProgress = ({ done, total, workload, label }: Progress): void =>
    meter.update(done, total, `${workload} ${label}`)
  const report = await compare({ contestants: only, clients, ...size, signal, onProgress }).finally(meter.stop)
  const files = await write(report, output)
  process.stdout.write(json ? renderJson(report) : `${renderTable(report)}\n`)
  meter.say(`${report.seconds.toFixed(0)} s; written: ${files.map((file) => relative('', file)).join(', ')}`)
  if (!report.entries.some(({ summary }) => summary)) process.exitCode = EXIT.error
}

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('the main job: every model, the C peers and node:net on real requests; table, JSON and chart')
    .option('-c, --clients <n>', 'clients at once (fibonacci: 8, echo: 50)', whole(1, 20_000))
    .option('-d, --duration <duration>', 'how long each trial counts (250ms)', positiveDuration)
    .option('-r, --rounds <n>', 'trials of each server, of which the median is taken (3)', whole(1, 100))
    .option('-o, --output <folder>', 'where compare.json and compare.svg go', 'bench-results')
    .option('-j, --json', 'print JSON instead of the table')
    .addOption(
      new Option('--only <servers>', `some of: ${contestants.map(({ id }) => id).join(', ')}`)
        .argParser(named)
        .default(contestants, 'all'),
    )
    .action(run)
}
