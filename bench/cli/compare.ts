// posix-async compare: all models against the C peers, node's own servers and Python's; progress, a table, JSON and a chart.
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { connectPort, EXIT, Failure, positiveDuration, whole } from 'posix-async/command'
import { compile } from '../measure/compile.js'
import { compare, type CompareOptions } from '../compare.js'
import type { Progress, Report } from '../report/schema.js'
import { type Contestant, contestants, contestantsNamed, ownServer } from '../contest/contestants.js'
import { differenceOf, renderDifference } from '../report/diff.js'
import { type Cell, fullPlan, quickPlan, type Wishes } from '../contest/plan.js'
import { writePlainFile } from '../report/plain-file.js'
import { renderJson, renderTable } from '../report/report.js'
import { renderChromeTrace } from '../contest/trace/chrome.js'
import { customWorkload, type Workload, workloads, workloadsNamed } from '../contest/workloads.js'
import { createMeter } from './meter.js'

// What is done when neither duration nor rounds are asked for; a short comparison fits in a minute, if need be with fewer rounds.
const QUICK = { duration: 150, rounds: 3, budget: 45_000 }
const FULL = { duration: 150, rounds: 5 }

interface Options {
  full?: boolean
  only?: readonly Contestant[]
  workloads?: readonly Workload[]
  clients?: readonly number[]
  duration?: number
  rounds?: number
  handler?: string
  text: string
  server?: string
  port?: number
  trace?: string
  diff?: string[]
  timelines: boolean
  output: string
  json?: boolean
}

// A list of names as users write it, each looked up.
function listed<T>(find: (names: readonly string[]) => T): (list: string) => T {
  return (list) => {
    try {
      return find(list.split(',').map((name) => name.trim()))
    } catch (error) {
      throw error instanceof RangeError ? new InvalidArgumentError(error.message) : error
    }
  }
}

const counts = listed((names) => names.map(whole(1, 20_000)))

// The servers run in sessions of their own, where the terminal's Ctrl-C does not reach them: it ends them through this.
function stopOnSignal(): AbortController {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Failure('interrupted', EXIT.interrupted)))
  }
  return controller
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new Failure(`the results can't be written to ${folder}: ${(error as Error).message}`)
  }
}

function makeTrace(file: string, timelines: boolean): void {
  if (!timelines) throw new Failure('--trace writes the timelines, and --no-timelines leaves them out', EXIT.usage)
  try {
    writePlainFile(file, renderChromeTrace([]))
  } catch (error) {
    throw new Failure(`the timelines can't be written to ${file}: ${(error as Error).message}`)
  }
}

// A user's own handler is served by the models that take it, and nobody's figures for other work are beside it.
function wishesOf({ only, workloads, clients, handler, text, server, port }: Options): Wishes {
  if ((server === undefined) !== (port === undefined)) {
    throw new Failure('--server and --port belong together', EXIT.usage)
  }
  if (handler !== undefined && !statSync(handler, { throwIfNoEntry: false })?.isFile()) {
    throw new Failure(`there is no file ${handler}`, EXIT.usage)
  }
  const own = server === undefined ? [] : [ownServer(server, port!)]
  const native = (handler ?? '').endsWith('.so')
  const able = contestants.filter(({ id, family }) => family === 'posix-async' && id.includes('native') === native)
  const chosen = only ?? (handler === undefined ? undefined : able)
  return {
    workloads: handler === undefined ? workloads : [customWorkload(text)],
    contestants: own.length > 0 ? [...(chosen ?? contestants.filter(({ quick }) => quick)), ...own] : chosen,
    clients,
  }
}

function sizeOf({ full, duration, rounds }: Options): Pick<CompareOptions, 'duration' | 'rounds' | 'budget'> {
  if (full) return { duration: duration ?? FULL.duration, rounds: rounds ?? FULL.rounds }
  if (duration === undefined && rounds === undefined) return QUICK
  return { duration: duration ?? QUICK.duration, rounds: rounds ?? QUICK.rounds }
}

// Whose timelines are recorded: those asked for, or those that stand for their models; a user's own work has none.
function tracedIn({ contestants: chosen, workloads: wished }: Wishes, full = false): readonly Contestant[] {
  if (wished?.some(({ name }) => name === 'custom')) return []
  const standing = ({ quick, model }: Contestant): boolean => quick === true || (full && model === 'sequential')
  return (chosen ?? contestants.filter(standing)).filter(({ id }) => id !== 'own')
}

function readReport(file: string): Report {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report
    if (report.schema === 1) return report
  } catch (error) {
    throw new Failure(`${file} can't be read: ${(error as Error).message}`)
  }
  throw new Failure(`${file} is not the JSON of a comparison`)
}

function showDifference(files: readonly string[]): void {
  const [old, now, ...more] = files
  if (now === undefined || more.length > 0) throw new Failure('--diff takes two files: old.json new.json', EXIT.usage)
  process.stdout.write(`${renderDifference(differenceOf(readReport(old!), readReport(now)))}\n`)
}

// What is compared of all that there is, and how the rest is had.
function whatIsLeftOut(cells: readonly Cell[]): string {
  const servers = new Set(cells.map(({ contestant }) => contestant.id)).size
  const works = new Set(cells.map(({ workload }) => workload.name)).size
  const rest =
    servers < contestants.length || works < workloads.length
      ? '; --full takes all that stand for a model, a quarter of an hour'
      : ''
  return `${servers} of ${contestants.length} servers on ${works} of ${workloads.length} workloads${rest}`
}

async function run(options: Options): Promise<void> {
  if (options.diff) return showDifference(options.diff)
  const { full, handler, output, json, trace, timelines } = options
  const wishes = wishesOf(options)
  const cells = (full ? fullPlan : quickPlan)(wishes)
  makeFolder(output) // first, so that nobody waits for results that can't be written
  if (trace !== undefined) makeTrace(trace, timelines)
  const { signal } = stopOnSignal()
  const meter = createMeter()
  if (!full) meter.say(whatIsLeftOut(cells))
  meter.say('compiling the load generator and the C peers (once)')
  await compile('load')
  const onProgress = ({ done, total, what }: Progress): void => meter.update(done, total, what)
  const file = handler === undefined ? undefined : resolve(handler)
  const traced = timelines ? tracedIn(wishes, full) : []
  const work = { cells, ...sizeOf(options), file, traced, growth: full && !wishes.workloads, signal, onProgress }
  const report = await compare(work).finally(meter.stop)
  const { writeFiles } = await import('../report/write-files.js') // slow to load, and not needed before
  const [page, ...others] = writeFiles(report, output)
  if (trace !== undefined) writePlainFile(trace, renderChromeTrace(report.traces))
  process.stdout.write(json ? renderJson(report) : `${renderTable(report, process.stdout.columns)}\n`)
  const more = others.slice(0, 3).map((path) => relative('', path))
  meter.say(`${report.seconds.toFixed(0)} s; written: ${more.join(', ')} and charts`)
  meter.say(`The report, to open in a browser: ${pathToFileURL(page!).href}`)
  if (!report.entries.some(({ summary }) => summary)) process.exitCode = EXIT.error
}

const HELP = `
Examples:
  posix-async-compare                                    the main models, under a minute
  posix-async-compare --full                             everything, about a quarter of an hour
  posix-async-compare --only event,node-net --workloads echo -c 1,8,64
  posix-async-compare --handler ./mine.js --text 'a request'

Exit codes: 0 done, 1 an error or no server that could be compared, 2 wrong usage, 130 interrupted
`

export function addCompare(program: Command): void {
  const names = (list: readonly { id?: string; name?: string }[]): string =>
    list.map(({ id, name }) => id ?? name).join(', ')
  program
    .command('compare')
    .description(
      "the main job: every model, the C peers, node's and Python's servers on real requests; table, JSON, chart",
    )
    .option('--full', 'all contestants on all workloads, five rounds, and growth: about a quarter of an hour')
    .option('-c, --clients <n,...>', 'clients at once, each number in turn (default: as each workload has it)', counts)
    .option('-d, --duration <duration>', 'how long each trial counts (150ms)', positiveDuration)
    .option('-r, --rounds <n>', 'trials of each server, of which the median is taken (3)', whole(1, 100))
    .option('-o, --output <folder>', 'where the results go', 'bench-results')
    .option('-j, --json', 'print JSON instead of the table')
    .addOption(new Option('--only <servers>', `some of: ${names(contestants)}`).argParser(listed(contestantsNamed)))
    .addOption(new Option('--workloads <names>', `some of: ${names(workloads)}`).argParser(listed(workloadsNamed)))
    .option('--trace <file>', 'the timelines as Chrome trace events, which Perfetto opens')
    .option('--no-timelines', 'leave the timelines out, which strace records')
    .option('--diff <files...>', 'what changed beyond noise from old.json to new.json, instead of a comparison')
    .option('--handler <file>', 'your own handler: a module, or a .so for the native models')
    .option('--text <text>', 'what a request to your handler says', '5')
    .option('--server <command>', 'your own server beside the others: a shell command')
    .option('--port <n>', 'where your own server listens', connectPort)
    .addHelpText('after', HELP)
    .action(run)
}
