// posix-async compare, as a user runs it: a tiny run with real servers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Report } from '../../bench/compare.js'
import { contestants } from '../../bench/contestants.js'
import { sessionPids } from '../../bench/proc.js'
import { command, program, Running } from '../support/command.js'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posix-async-test-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

it('prints a table and writes JSON and a chart', async () => {
  const args = ['compare', '-d', '0.2', '-r', '1', '--only', 'c-epoll,node-net']
  const { code, stdout, stderr } = await command(args, { cwd: folder })
  expect(code).toBe(0)
  expect(stdout).toMatch(/│ event │ C epoll +│ +[\d,]+ │/)
  expect(stdout).toMatch(/│ event │ node:net +│ +[\d,]+ │/)
  expect(stderr).toContain('[4/4] echo node:net')
  expect(stderr).toContain('written: bench-results/compare.json, bench-results/compare.svg')
  const report = JSON.parse(readFileSync(join(folder, 'bench-results/compare.json'), 'utf8')) as Report
  expect(report.entries.map(({ workload, id }) => `${workload} ${id}`)).toEqual([
    ...['fibonacci c-epoll', 'fibonacci node-net'],
    ...['echo c-epoll', 'echo node-net'],
  ])
  for (const { trials, summary } of report.entries) {
    expect(trials).toHaveLength(1)
    expect(summary!.errors).toBe(0)
    expect(summary!.rate).toBeGreaterThan(0)
    expect(summary!.cpu).toBeGreaterThan(0)
  }
  expect(readFileSync(join(folder, 'bench-results/compare.svg'), 'utf8')).toMatch(/^<svg .*<\/svg>\s*$/s)
})

it('prints JSON alone with -j, and takes a number of clients', async () => {
  const args = [
    'compare',
    '-d',
    '100ms',
    '-r',
    '1',
    '--only',
    'c-thread',
    '-c',
    '3',
    '-j',
    '-o',
    join(folder, 'deep/er'),
  ]
  const { code, stdout } = await command(args)
  expect(code).toBe(0)
  const report = JSON.parse(stdout) as Report
  expect(report.workloads.map(({ clients }) => clients)).toEqual([3, 3])
  expect(readFileSync(join(folder, 'deep/er/compare.json'), 'utf8')).toBe(stdout)
})

it('lists who can not do a workload with the reason, and goes on', async () => {
  const args = ['compare', '-d', '100ms', '-r', '1', '--only', 'c-iterative', '-o', folder]
  const { code, stdout } = await command(args)
  expect(code).toBe(0)
  expect(stdout).toMatch(/│ sequential │ C iterative │ not run: serves one client at a time/)
})

it('gets figures, and no error, from every contestant on all it can do', { timeout: 90_000 }, async () => {
  const args = ['compare', '-d', '60ms', '-r', '1', '-c', '4', '-j', '-o', folder]
  const { code, stdout } = await command(args)
  expect(code).toBe(0)
  const { entries } = JSON.parse(stdout) as Report
  const told = entries.map(({ workload, id, summary, reason }) => [workload, id, summary?.errors ?? reason])
  const unfit = /^serves one client at a time/
  const expected = ['fibonacci', 'echo'].flatMap((workload) =>
    contestants.map(({ id }) => {
      const alone = workload === 'echo' && ['c-iterative', 'sync'].includes(id)
      return [workload, id, alone ? expect.stringMatching(unfit) : 0]
    }),
  )
  expect(told).toEqual(expected)
  for (const { summary } of entries) if (summary) expect(summary.cpu).toBeGreaterThan(0)
})

it('says at once that the results can not be written', async () => {
  const file = join(folder, 'a-file')
  writeFileSync(file, '')
  const { code, stderr } = await command(['compare', '-o', join(file, 'x')])
  expect(code).toBe(1)
  expect(stderr).toBe(
    `posix-async: the results can't be written to ${file}/x: ENOTDIR: not a directory, mkdir '${file}/x'\n`,
  )
})

it('ends its servers when it is interrupted', async () => {
  await using compare = new Running(process.execPath, [
    program,
    'compare',
    '-d',
    '1m',
    '-r',
    '1',
    '--only',
    'c-fork',
    '-o',
    folder,
  ])
  await compare.said(/\[1\/2\] fibonacci C fork/, 'stderr')
  const server = await serverOf(compare.child.pid!)
  compare.child.kill('SIGINT')
  expect(await compare.end()).toBe(130)
  expect(compare.stderr).toMatch(/posix-async: interrupted\n$/)
  expect(sessionPids(server)).toEqual([])
})

// The child of `pid` that leads a session of its own.
async function serverOf(pid: number): Promise<number> {
  for (;;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
    const leader = children.find((child) => sessionPids(child).length > 0)
    if (leader !== undefined) return leader
    await new Promise((resolve) => setImmediate(resolve))
  }
}
