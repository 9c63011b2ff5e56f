// Random reads of a file past the page cache: Ring.read and fs.read beside fio's io_uring engine, in turns, each trial a process of its own.
//
//   node dist/bench/studies/disk.js [--file FILE] [--size MIB] [--depth N] [--seconds S] [--trials N] [--cached]
//        [--fill | --one CONTESTANT]
//
// --cached reads from the page cache: no disk is the limit then, but each contestant's own work. Prints JSON: of each contestant the median rate, CPU time a read, and all trials; and the ratios. fio is left out where it is not installed.
import { execFile } from 'node:child_process'
import { read as poolRead } from 'node:fs'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { close, O_CREAT, O_DIRECT, O_RDONLY, O_RDWR, open, posix_memalign, pwrite, Ring } from 'posix-async/posix'
import { which } from 'posix-async/command'
import { median, ratioOf } from '../measure/statistics.js'

const run = promisify(execFile)
const BLOCK = 4096
const MIB = 1 << 20

interface Sample {
  /** Reads a second. */
  rate: number
  /** Microseconds of user and system time a read. */
  cpu: number
}

interface Job {
  file: string
  /** Bytes. */
  size: number
  depth: number
  /** Seconds a trial. */
  seconds: number
  /** From the page cache. */
  cached: boolean
}

type Trial = (job: Job) => Promise<Sample>

/** Runs `depth` readers at once until the time is over. */
async function timed(job: Job, reader: (fd: number, next: () => number | null) => Promise<void>): Promise<Sample> {
  const fd = open(job.file, job.cached ? O_RDONLY : O_RDONLY | O_DIRECT)
  const blocks = Math.floor(job.size / BLOCK)
  const end = performance.now() + job.seconds * 1000
  let reads = 0
  const next = (): number | null => {
    if (performance.now() >= end) return null
    reads++
    return Math.floor(Math.random() * blocks) * BLOCK
  }
  const [before, start] = [process.cpuUsage(), performance.now()]
  await Promise.all(Array.from({ length: job.depth }, () => reader(fd, next)))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  close(fd)
  return { rate: reads / seconds, cpu: (user + system) / reads }
}

async function byRing(job: Job): Promise<Sample> {
  const ring = new Ring()
  const sample = await timed(job, async (fd, next) => {
    const buffer = posix_memalign(BLOCK, BLOCK)
    for (let at = next(); at !== null; at = next()) await ring.read(fd, buffer, at)
  })
  await ring.close()
  return sample
}

const byPool: Trial = (job) =>
  timed(job, (fd, next) => {
    const buffer = posix_memalign(BLOCK, BLOCK)
    return new Promise((resolve, reject) => {
      const again = (error?: Error | null): void => {
        if (error) return reject(error)
        const at = next()
        if (at === null) resolve()
        else poolRead(fd, buffer, 0, BLOCK, at, again)
      }
      again()
    })
  })

async function byFio({ file, size, depth, seconds, cached }: Job): Promise<Sample> {
  const { stdout } = await run('fio', [
    ...['--name=disk', `--filename=${file}`, `--size=${size}`, '--rw=randread', `--bs=${BLOCK}`],
    ...[`--direct=${cached ? 0 : 1}`, '--invalidate=0'],
    ...['--ioengine=io_uring', `--iodepth=${depth}`, `--runtime=${seconds}`, '--time_based', '--output-format=json'],
  ])
  interface Output {
    jobs: { read: { iops: number }; usr_cpu: number; sys_cpu: number }[]
  }
  const { read, usr_cpu: user, sys_cpu: system } = (JSON.parse(stdout) as Output).jobs[0]!
  return { rate: read.iops, cpu: ((user + system) * 1e4) / read.iops }
}

const contestants: Record<string, Trial> = { 'fio io_uring': byFio, 'Ring.read': byRing, 'fs.read': byPool }

/** A trial in a process of its own. */
async function apart(name: string, job: Job): Promise<Sample> {
  const { stdout } = await run(process.execPath, [fileURLToPath(import.meta.url), '--one', name, ...argumentsOf(job)])
  return JSON.parse(stdout) as Sample
}

const argumentsOf = ({ file, size, depth, seconds, cached }: Job): string[] => [
  ...['--file', file, '--size', String(size / MIB), '--depth', String(depth), '--seconds', String(seconds)],
  ...(cached ? ['--cached'] : []),
]

function fill({ file, size }: Job): void {
  const fd = open(file, O_RDWR | O_CREAT, 0o600)
  const piece = Buffer.alloc(MIB, 'posix-async ')
  for (let at = 0; at < size; at += MIB) pwrite(fd, piece, at)
  close(fd)
}

async function compare(job: Job, trials: number): Promise<object> {
  const names = Object.keys(contestants).filter((name) => !name.startsWith('fio') || which('fio') !== undefined)
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]]))
  for (let i = 0; i < trials; i++) {
    for (const name of names) samples[name]!.push(await apart(name, job))
  }
  const rates = (name: string): number[] => samples[name]!.map(({ rate }) => rate)
  const results = Object.entries(samples).map(([name, list]) => ({
    name,
    rate: median(rates(name)),
    cpu: median(list.map(({ cpu }) => cpu)),
    trials: list,
  }))
  const others = Object.keys(samples).filter((name) => name !== 'Ring.read')
  const ratios = Object.fromEntries(others.map((name) => [name, ratioOf(rates('Ring.read'), rates(name))]))
  return { job: { ...job, file: undefined }, results, ratios }
}

const { values } = parseArgs({
  options: {
    one: { type: 'string' },
    fill: { type: 'boolean', default: false },
    file: { type: 'string', default: '' },
    size: { type: 'string', default: '512' },
    depth: { type: 'string', default: '32' },
    seconds: { type: 'string', default: '3' },
    trials: { type: 'string', default: '5' },
    cached: { type: 'boolean', default: false },
  },
})
const file = values.file || `posix-async-disk-${process.pid}.tmp`
const { cached } = values
const job = {
  ...{ file, size: Number(values.size) * MIB, depth: Number(values.depth) },
  ...{ seconds: Number(values.seconds), cached },
}
if (values.fill) {
  fill(job)
} else if (values.one) {
  console.log(JSON.stringify(await contestants[values.one]!(job)))
} else {
  try {
    if (!values.file) fill(job)
    console.log(JSON.stringify(await compare(job, Number(values.trials)), null, 2))
  } finally {
    if (!values.file) await rm(file, { force: true })
  }
}
