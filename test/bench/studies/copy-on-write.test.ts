// What copy-on-write is worth, measured once and small: each program runs, and the table has a line for each figure.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { programFile } from '../../../bench/measure/paths.js'

it(
  'copy-on-write prints a line for each figure, with both sides and their proportion',
  { timeout: 60_000 },
  async () => {
    const options = { timeout: 55_000, killSignal: 'SIGKILL' } as const
    const run = promisify(execFile)(process.execPath, [programFile('studies/copy-on-write'), '1', '0.01'], options)
    const { stdout, stderr } = await run
    expect(stderr).toBe('')
    const [head, ...lines] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^ +posix-async +node$/)
    const side = String.raw` +[\d.]+ (MiB|ms) \([\d.]+ to [\d.]+\)`
    expect(lines.map((line) => line.replace(new RegExp(`${side}${side} +[\\d.]+x$`), ''))).toEqual([
      'own memory of a worker',
      'memory of all processes',
      'sum of objects, elsewhere',
      'pause for a heap snapshot',
      'time until it is written',
    ])
  },
)
