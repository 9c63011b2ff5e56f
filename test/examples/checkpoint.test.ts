// The example runs as it stands, and the table that it saved is the one that the program had at that version.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../dist/examples/checkpoint.js', import.meta.url))
const entries = 50_000

/** The table after `version` changes, made again by the example's rule. */
function tableAt(version: number): Map<string, number> {
  const table = new Map(Array.from({ length: entries }, (_, i) => [`key ${i}`, -1]))
  for (let n = 0; n < version; n++) {
    const key = `key ${(n * 7919) % entries}`
    if (n % 5 === 4) table.delete(key)
    else table.set(key, n)
  }
  return table
}

describe('examples/checkpoint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('saves exactly the state of the fork while the program changes it', async () => {
    const file = join(folder, 'table')
    const options = { timeout: 25_000, killSignal: 'SIGKILL' } as const
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, file, String(entries)], options)
    const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
    const { version, entries: count } = JSON.parse(header!) as { version: number; entries: number }
    const saved = lines.map((line) => JSON.parse(line) as [string, number])
    expect(stderr).toBe('')
    expect(saved).toEqual([...tableAt(version)]) // in the Map's order too
    expect(count).toBe(saved.length)
    expect(readdirSync(folder)).toEqual(['table'])
    const [, forkedAt, savedAt, now] =
      /saves version (\d+)\nsaved version (\d+) with .*version (\d+) by now\n$/.exec(stdout) ?? []
    expect([forkedAt, savedAt].map(Number)).toEqual([version, version])
    expect(Number(now)).toBeGreaterThan(version)
  })
})
