// How the rate of random reads past the page cache grows with how many of them are under way: Ring.read, fs.read and fio.
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { which } from 'posix-async/command'
import { cacheFolder } from '../../measure/compile.js'
import type { Family } from '../../contest/contestants.js'
import { programFile } from '../../measure/paths.js'
import type { Curve, CurveSeries, GrowthOptions, Plan } from './curve.js'

const run = promisify(execFile)
const program = programFile('studies/disk')

const DEPTHS = [1, 4, 16, 32, 64, 128]
const MIB = 256
const SECONDS = 0.3

/** As bench/studies/disk.ts names them. */
const readers: [id: string, name: string, family: Family][] = [
  ['fio', 'fio io_uring', 'C'],
  ['ring-read', 'Ring.read', 'posix-async'],
  ['fs-read', 'fs.read', 'node'],
]

export function diskPlan({ signal }: GrowthOptions): Plan {
  const curve: Curve = {
    name: 'disk',
    title: 'Reads of a disk, by how many are under way',
    about: `Random reads of 4 KiB from a file of ${MIB} MiB, past the page cache (O_DIRECT).`,
    x: { title: 'reads under way', unit: 'reads' },
    y: { title: 'reads a second', unit: 'a second' },
    series: [],
  }
  const file = join(cacheFolder(process.env), `disk-${process.pid}.tmp`)
  const job = ['--file', file, '--size', String(MIB)]
  const filled = (): Promise<unknown> => run(process.execPath, [program, '--fill', ...job], { signal })
  let ready: Promise<unknown> | undefined
  const measure = async (name: string, depth: number): Promise<number> => {
    if (name.startsWith('fio') && which('fio') === undefined)
      throw new Error('there is no fio (Debian: apt install fio)')
    await (ready ??= filled())
    const args = [program, '--one', name, ...job, '--depth', String(depth), '--seconds', String(SECONDS)]
    const { stdout } = await run(process.execPath, args, { signal, timeout: 60_000 })
    return (JSON.parse(stdout) as { rate: number }).rate
  }
  const steps = readers.flatMap(([id, name, family]) => {
    const series: CurveSeries = { id, label: name, family, points: [] }
    curve.series.push(series)
    return DEPTHS.map((x) => ({ what: `${x} reads, ${name}`, series, x, measure: () => measure(name, x) }))
  })
  return { curve, steps, rounds: 5, end: () => rm(file, { force: true }) }
}
