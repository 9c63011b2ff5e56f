// bench/disk: reads as it says, and has a figure and a ratio for each contestant.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../support/compile.js'
import { noRing, whyNoRing } from '../../support/io-uring.js'

interface Result {
  results: { name: string; rate: number; cpu: number; trials: object[] }[]
  ratios: Record<string, { ratio: number; low: number; high: number }>
}

it.skipIf(noRing).each([
  ['past the page cache', []],
  ['from it', ['--cached']],
])(`compares Ring.read with fs.read, and with fio where there is one, %s${whyNoRing}`, (_, more) => {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-disk-'))
  try {
    const args = ['--size', '4', '--depth', '4', '--seconds', '0.2', '--trials', '2', ...more]
    const options = {
      cwd: folder,
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, PATH: '/nowhere' },
    } as const
    const stdout = execFileSync(process.execPath, [join(root, 'dist/bench/studies/disk.js'), ...args], options)
    const { results, ratios } = JSON.parse(stdout) as Result
    expect(results.map(({ name, trials }) => [name, trials.length])).toEqual([
      ['Ring.read', 2],
      ['fs.read', 2],
    ])
    expect(results.every(({ rate, cpu }) => rate > 0 && cpu > 0)).toBe(true)
    expect(Object.keys(ratios)).toEqual(['fs.read'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
