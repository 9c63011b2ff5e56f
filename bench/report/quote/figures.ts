// The figures that README.md and docs/choosing.md quote, by the names that their regions have.
import { times } from '../answers.js'
import type { Report } from '../schema.js'
import { growthFigure } from '../curves.js'
import { size, time } from '../report.js'
import { against, bestInC, both, cpu, entryOf, labelOf, NOTHING, quoted, rate, tableOf } from './look-up.js'
import { median } from '../../measure/statistics.js'
import type { Figures } from './regions.js'

/** The documents that quote figures. */
export const DOCUMENTS = ['README.md', 'docs/choosing.md'] as const

// A model's work, and who does it: the C peer, posix-async in JavaScript and with a native handler, and Node.js.
const MODELS: [about: string, workload: string, ids: (string | undefined)[]][] = [
  ['short connections, events', 'fibonacci', ['c-epoll', 'event-callbacks', 'event-native', 'node-net']],
  ['messages of 64 bytes, events', 'echo', ['c-epoll', 'event-callbacks', 'event-native', 'node-net']],
  ['the same on io_uring', 'echo', ['c-io-uring', 'event-uring', undefined, undefined]],
  ['messages of 64 bytes, a thread a connection', 'echo', ['c-thread', 'thread', 'thread-native', undefined]],
  ['fib(27), a process a core', 'fib27', ['c-prefork', 'prefork', 'prefork-native', 'node-cluster']],
  ['fib(27), threads', 'fib27', ['c-thread', 'thread-isolates', 'thread-native', undefined]],
  ['short connections, a process each', 'fibonacci', ['c-fork', 'fork-blocking', 'fork-native', undefined]],
]

function modelsTable(report: Report): string {
  const rows = MODELS.map(([about, workload, ids]) => [
    about,
    ...ids.map((id) => (id === undefined ? '' : quoted(report, workload, id, cpu))),
  ])
  return tableOf(['', 'C peer', 'posix-async, JavaScript', 'posix-async, native handler', 'Node.js'], rows)
}

interface Choice {
  work: string
  take: string
  workload: string
  ids: readonly string[]
  node?: string
}

const CHOICES: readonly Choice[] = [
  {
    ...{ work: 'short requests, a connection each', take: '`eventServer` with callbacks', node: 'node-net' },
    ...{ workload: 'fibonacci', ids: ['event-callbacks'] },
  },
  {
    ...{ work: 'messages on connections that stay', take: '`eventServer` with callbacks, or on io_uring' },
    ...{ workload: 'echo', ids: ['event-callbacks', 'event-uring'], node: 'node-net' },
  },
  {
    ...{
      work: 'handlers that compute, in JavaScript',
      take: '`threadServer` with a module, or `forkServer` with workers',
    },
    ...{ workload: 'fib27', ids: ['thread-isolates', 'prefork'], node: 'node-cluster' },
  },
  {
    ...{ work: 'handlers that compute, in C', take: '`threadServer` with a native handler' },
    ...{ workload: 'fib27', ids: ['thread-native'] },
  },
  {
    ...{ work: 'handlers that wait (10 ms, 64 clients)', take: '`eventServer`', node: 'node-net' },
    ...{ workload: 'think', ids: ['event-callbacks'] },
  },
  {
    ...{ work: 'uploads of 1 MiB', take: '`eventServer` with callbacks on epoll', node: 'node-net' },
    ...{ workload: 'upload', ids: ['event-callbacks'] },
  },
  {
    ...{ work: 'a handler that may crash, leak, or needs another user', take: '`forkServer`, a child a connection' },
    ...{ workload: 'fibonacci', ids: ['fork-blocking'] },
  },
]

function choicesTable(report: Report): string {
  const rows = CHOICES.map(({ work, take, workload, ids, node }) => {
    const inC = workload === 'fibonacci' && ids.includes('fork-blocking') ? 'c-fork' : bestInC(report, workload)
    const told = (id: string | undefined): string => (id === undefined ? '' : quoted(report, workload, id, both))
    const beside = [told(node), inC === undefined ? NOTHING : `${told(inC)} (${labelOf(inC)})`]
    return [work, take, ids.map(told).join('; '), ...beside]
  })
  return tableOf(['your work', 'take', 'it does', 'node:net or cluster', 'best in C'], rows, 2)
}

const RIVALS: Record<string, readonly string[]> = {
  'event-callbacks': ['c-epoll', 'node-net', 'python-asyncio'],
  event: ['c-epoll', 'node-net', 'python-asyncio'],
  'event-uring': ['c-io-uring', 'event-callbacks'],
  'event-native': ['c-epoll'],
  'thread-native': ['c-thread'],
  thread: ['c-thread', 'python-threading'],
  'thread-isolates': ['c-prefork', 'node-cluster'],
  prefork: ['c-prefork', 'node-cluster'],
  fork: ['c-fork', 'python-forking'],
  'fork-blocking': ['c-fork', 'python-forking'],
}

const WORKS = { fibonacci: 'connections', echo: 'messages', fib27: 'computing', think: 'waiting', upload: 'uploads' }

function proportionsTable(report: Report): string {
  const cell = (pair: readonly [string, string], workload: string): string => {
    const ratio = against(report, workload, pair, 'cpu')
    if (!ratio) return ''
    return ratio.low > 1 ? `**${times(ratio.ratio)}**` : times(ratio.ratio)
  }
  const rows = Object.entries(RIVALS).flatMap(([id, others]) =>
    others.map((other) => [
      `${labelOf(id)} : ${labelOf(other)}`,
      ...Object.keys(WORKS).map((workload) => cell([id, other], workload)),
    ]),
  )
  return tableOf(['server CPU, this : that', ...Object.values(WORKS)], rows)
}

const HOLDERS = ['c-fork', 'fork', 'c-thread', 'thread', 'thread-native', 'c-epoll', 'event-callbacks', 'node-net']

function memoryTable(report: Report): string {
  const atRest = (id: string): string => {
    const trials = entryOf(report, 'idle', id)?.trials ?? []
    return trials.length > 0 ? size(median(trials.map((trial) => trial.atRest.own))) : NOTHING
  }
  const rows = HOLDERS.map((id) => [
    labelOf(id),
    atRest(id),
    quoted(report, 'idle', id, ({ connection }) => size(connection)),
    quoted(report, 'idle', id, ({ resident }) => size(resident)),
  ])
  return tableOf(['200 connections that say nothing', 'at rest', 'a connection', 'resident, all processes'], rows)
}

function heapTable({ growth }: Report): string {
  const series = growth.find(({ name }) => name === 'heap')?.series ?? []
  const places = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))]
  const cell = (place: number, one: (typeof series)[number]): string => {
    const point = one.points.find(([x]) => x === place)
    return point ? time(point[1]) : NOTHING
  }
  const rows = places.map((place) => [size(place * 2 ** 20), ...series.map((one) => cell(place, one))])
  return tableOf(['memory in use', ...series.map(({ label }) => label)], rows)
}

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

function runOf({ machine, options, date, seconds }: Report): string {
  const { cpus, hypervisor, kernel, node } = machine
  const where = `${cpus}${hypervisor === null ? '' : ', virtual'}, Linux ${kernel.replace(/-.*/, '')}, Node.js ${node.slice(1)}`
  return `${where}, ${day.format(new Date(date))}; medians of ${options.rounds} trials in turn, ${Math.round(seconds / 60)} minutes in all`
}

/** What a report has for each name. */
export function figuresOf(report: Report): Figures {
  const curves = new Map(report.growth.map((curve) => [curve.name, curve]))
  return {
    run: () => runOf(report),
    minutes: () => String(Math.round(report.seconds / 60)),
    models: () => modelsTable(report),
    choices: () => choicesTable(report),
    proportions: () => proportionsTable(report),
    memory: () => memoryTable(report),
    heap: () => heapTable(report),
    warnings: () => report.warnings.map((warning) => `> ${warning}`).join('\n>\n') || 'It has no warnings.',
    curve: (...words) => {
      const curve = curves.get(words.join(' '))
      return curve ? growthFigure(curve).words : NOTHING
    },
    cpu: (workload, id) => quoted(report, workload!, id!, cpu),
    rate: (workload, id) => quoted(report, workload!, id!, rate),
    times: (workload, id, other) => {
      const ratio = against(report, workload!, [id!, other!], 'rate')
      return ratio ? times(ratio.ratio) : NOTHING
    },
  }
}
