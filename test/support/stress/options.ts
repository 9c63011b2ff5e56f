// The command line of `npm run stress`.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

export interface StressOptions {
  nodes: string[]
  /** Of each node. */
  forks: number
  /** Of each program: the next one has the next seed, and takes its turn on another number of processors. */
  each: number
  seed: number
  /** How many processors programs may use, in turn; 0: all. */
  processors: number[]
  /** Shared objects to preload, in turn; '': none. */
  preloads: string[]
  /** Programs at a time. */
  jobs: number
  /** Minutes after which no program is begun; undefined: no limit. */
  minutes: number | undefined
  /** Seconds after which a process that does nothing hangs. */
  patience: number
  /** Where stacks are written. */
  out: string
  /** Passed on to the program: what children do, what the parent does meanwhile, how it waits. */
  program: string[]
}

const usage = `npm run stress -- [options] [node ...]
  --forks N        of each node (2000)
  --each N         of each program: the next one has the next seed (250)
  --seed N         of the first program (the time)
  --processors L   how many processors programs may use, in turn: 0 all (0,1)
  --preload L      shared objects to preload, in turn; an empty one is none
  --jobs N         programs at a time (1)
  --time MINUTES   after which no program is begun
  --patience S     seconds after which a process that does nothing hangs (20)
  --out DIR        where the stacks of what hangs are written
  --heap MB, --kinds N, --only KINDS, --load LOADS, --waits WAYS   see test/fixtures/fork-stress.ts`

const PASSED = ['heap', 'kinds', 'only', 'load', 'waits'] as const

export function parse(args: string[]): StressOptions {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{ forks: text, each: text, seed: text, processors: text, preload: text, jobs: text, time: text },
      ...{ patience: text, out: text, heap: text, kinds: text, only: text, load: text, waits: text },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const number = (name: string, value: string | undefined, byDefault: number): number => {
    const given = value === undefined ? byDefault : Number(value)
    if (!(given >= 0) || !Number.isFinite(given)) throw new Error(`--${name} ${value}: not a number\n${usage}`)
    return given
  }
  const list = (value: string | undefined, byDefault: string): string[] => (value ?? byDefault).split(',')
  return {
    nodes: positionals.length > 0 ? positionals : [process.execPath],
    forks: number('forks', values.forks, 2000),
    each: number('each', values.each, 250) || 1,
    seed: number('seed', values.seed, Date.now() % 1_000_000),
    processors: list(values.processors, '0,1').map((one) => number('processors', one, 0)),
    preloads: list(values.preload, ''),
    jobs: number('jobs', values.jobs, 1) || 1,
    minutes: values.time === undefined ? undefined : number('time', values.time, 0),
    patience: number('patience', values.patience, 20),
    out: values.out ?? join(tmpdir(), `posix-async-stress-${process.pid}`),
    program: PASSED.flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]])),
  }
}
