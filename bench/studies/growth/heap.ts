// How the cost of a fork grows with the memory of the process, in C, by posix-async and in Python.
import { execFile } from 'node:child_process'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { which } from 'posix-async/command'
import { compile } from '../../measure/compile.js'
import type { Family } from '../../contest/contestants.js'
import { benchFolder, programFile } from '../../measure/paths.js'
import { median } from '../../measure/statistics.js'
import type { Curve, CurveSeries, GrowthOptions, Plan } from './curve.js'

/** MiB. The largest that a third of the machine's memory has room for are taken. */
const HEAPS = [40, 128, 512, 1024, 2048, 4096]
const FORKS = 20

interface Forker {
  label: string
  family: Family
  command: (mib: number) => Promise<[file: string, args: string[]]>
}

const forkProgram = programFile('studies/fork-cost')

const forkers: Record<string, Forker> = {
  'c-fork': {
    ...{ label: 'C fork', family: 'C' },
    command: async (mib) => [await compile('fork-cost'), [String(mib), String(FORKS)]],
  },
  fork: {
    ...{ label: 'posix-async fork', family: 'posix-async' },
    command: async (mib) => {
      const flags = [`--max-old-space-size=${mib + 512}`, forkProgram, String(mib), String(FORKS)]
      return [process.execPath, flags]
    },
  },
  'python-fork': {
    ...{ label: 'Python os.fork', family: 'Python' },
    command: async (mib) => {
      if (which('python3') === undefined) throw new Error('there is no python3')
      return ['python3', [join(benchFolder, 'python/fork_cost.py'), String(mib), String(FORKS)]]
    },
  },
}

// Runs a program that prints the microseconds of each cycle, and gives their median.
function cycles([file, args]: [string, string[]], signal: AbortSignal | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: 60_000, signal }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim().split('\n').at(-1) || error.message))
      else resolve(median(stdout.trim().split('\n').map(Number)))
    })
  })
}

export function heapPlan({ signal }: GrowthOptions): Plan {
  const curve: Curve = {
    name: 'heap',
    title: 'A fork, by the memory of the process',
    about: `fork, _exit in the child, and waitpid: the median of ${FORKS}. The kernel copies the page tables, so the cost grows with the memory that is in use.`,
    x: { title: 'memory in use', unit: 'MiB' },
    y: { title: 'time of a fork', unit: 'microseconds' },
    series: [],
  }
  const sizes = HEAPS.filter((mib) => mib < totalmem() / 2 ** 20 / 3)
  const steps = Object.entries(forkers).flatMap(([id, { label, family, command }]) => {
    const series: CurveSeries = { id, label, family, points: [] }
    curve.series.push(series)
    return sizes.map((mib) => ({
      ...{ what: `a fork at ${mib} MiB, ${label}`, series, x: mib },
      measure: async () => cycles(await command(mib), signal),
    }))
  })
  return { curve, steps, rounds: 1 } // of 20 forks each
}
