// What copy-on-write is worth: memory of a server's processes, data for another process, a snapshot of the heap; each beside what node
// has for it, in turn, each trial a process of its own. node copy-on-write.js [TRIALS [SCALE [memory|forked|snapshot]]] prints a table;
// with SCALE 0.1 of a tenth of the sizes, for a look.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { programFile } from '../measure/paths.js'
import { median } from '../measure/statistics.js'

const [trials = 5, scale = 1] = process.argv.slice(2, 4).map(Number)
const only = process.argv[4]
const sized = (number: number): string => String(Math.round(number * scale))

interface Figure {
  what: string
  unit: string
  /** Of what a trial prints, in units. */
  value: (printed: number[]) => number
}

interface Comparison {
  program: string
  sides: [ours: string, nodes: string]
  args: string[]
  figures: Figure[]
}

const megabytes = (bytes: number): number => bytes / 2 ** 20

const comparisons: Comparison[] = [
  {
    program: 'memory',
    sides: ['prefork', 'cluster'],
    args: [sized(200), '8', sized(1000)],
    figures: [
      { what: 'own memory of a worker', unit: 'MiB', value: ([own]) => megabytes(own!) },
      { what: 'memory of all processes', unit: 'MiB', value: ([, all]) => megabytes(all!) },
    ],
  },
  {
    program: 'forked',
    sides: ['forked', 'worker'],
    args: [sized(1e6)],
    figures: [{ what: 'sum of objects, elsewhere', unit: 'ms', value: ([took]) => took! }],
  },
  {
    program: 'snapshot',
    sides: ['forked', 'v8'],
    args: [sized(200)],
    figures: [
      { what: 'pause for a heap snapshot', unit: 'ms', value: ([pause]) => pause! },
      { what: 'time until it is written', unit: 'ms', value: ([, took]) => took! },
    ],
  },
]

const run = promisify(execFile)

async function trial({ program, args }: Comparison, side: string): Promise<number[]> {
  const file = programFile(`studies/copy-on-write/${program}`)
  const { stdout } = await run(process.execPath, [file, side, ...args])
  return stdout.trim().split(' ').map(Number)
}

function line({ what, unit, value }: Figure, ours: number[][], nodes: number[][]): string {
  const show = (printed: number[][]): string => {
    const values = printed.map(value)
    const range = `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`
    return `${median(values).toFixed(1)} ${unit} (${range})`.padStart(32)
  }
  const ratio = median(nodes.map(value)) / median(ours.map(value))
  return `${what.padEnd(26)}${show(ours)}${show(nodes)}${ratio.toFixed(1).padStart(9)}x`
}

console.log(`${''.padEnd(26)}${'posix-async'.padStart(32)}${'node'.padStart(32)}`)
for (const comparison of comparisons.filter(({ program }) => program === (only ?? program))) {
  const [ours, nodes]: [number[][], number[][]] = [[], []]
  for (let at = 0; at < trials; at++) {
    ours.push(await trial(comparison, comparison.sides[0]))
    nodes.push(await trial(comparison, comparison.sides[1]))
  }
  for (const figure of comparison.figures) console.log(line(figure, ours, nodes))
}
