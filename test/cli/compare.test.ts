// posix-async compare, as a user runs it: a tiny run with real servers.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Report } from '../../bench/report/schema.js'
import { which } from '../../lib/cli/programs.js'
import { contestants } from '../../bench/contest/contestants.js'
import { livingPids } from '../../bench/measure/proc.js'
import { command, program, Running } from '../support/command.js'

const hasStrace = which('strace') !== undefined

let folder: string

vi.setConfig({ testTimeout: 90_000 }) // whole comparisons, on a machine that may have other work

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posix-async-test-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

it('prints a table and writes JSON and a chart', async () => {
  const args = ['compare', '-d', '0.2', '-r', '1', '--workloads', 'fibonacci,echo', '--only', 'c-epoll,node-net']
  const { code, stdout, stderr } = await command(args, { cwd: folder })
  expect(code).toBe(0)
  expect(stdout).toMatch(/│ event │ C epoll +│ +[\d,]+ │/)
  expect(stdout).toMatch(/│ event │ node:net +│ +[\d,]+ │/)
  expect(stderr).toContain('[4/4] echo node:net')
  expect(stderr).toContain('written: bench-results/compare.json, bench-results/compare.md, bench-results/compare.svg')
  expect(stderr).toContain(
    `The report, to open in a browser: ${pathToFileURL(join(folder, 'bench-results/report.html')).href}`,
  )
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
  const text = (name: string): string => readFileSync(join(folder, 'bench-results', name), 'utf8')
  expect(text('compare.svg')).toMatch(/^<svg .*<\/svg>\s*$/s)
  expect(text('compare.md')).toMatch(/^\| event \| node:net \| [\d,]+ \|/m)
  expect(text('report.html')).toMatch(/^<!doctype html>.*node:net.*<\/html>\s*$/s)
})

it('records timelines, also for Perfetto, and tells what changed from one comparison to another', async () => {
  const args = [
    'compare',
    '-d',
    '100ms',
    '-r',
    '3',
    '--workloads',
    'fib27',
    '--only',
    'c-epoll',
    '--trace',
    'trace.json',
  ]
  const { code, stderr } = await command(args, { cwd: folder })
  expect(code).toBe(0)
  expect(stderr).toContain('[1/1] timeline C epoll')
  const file = join(folder, 'bench-results/compare.json')
  const { traces } = JSON.parse(readFileSync(file, 'utf8')) as Report
  const { traceEvents } = JSON.parse(readFileSync(join(folder, 'trace.json'), 'utf8')) as { traceEvents: unknown[] }
  expect([traces[0]!.reason === undefined, traceEvents.length > 0]).toEqual([hasStrace, hasStrace])
  const { stdout } = await command(['compare', '--diff', file, file])
  expect(stdout).toBe('1 of 1 without a change beyond noise.\n')
})

it.each([
  [['--diff', 'one.json'], '--diff takes two files'],
  [['--server', 'true'], '--server and --port belong together'],
  [['--handler', 'no-such-file.js'], 'there is no file no-such-file.js'],
  [['--handler', '/'], 'there is no file /'],
  [['--trace', 'x.json', '--no-timelines'], '--trace writes the timelines, and --no-timelines leaves them out'],
])('refuses %j', async (args, why) => {
  const { code, stderr } = await command(['compare', ...args])
  expect([code, stderr.includes(why)]).toEqual([2, true])
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
  expect(report.workloads.map(({ clients }) => clients)).toEqual([[3], [3], [3]])
  expect(readFileSync(join(folder, 'deep/er/compare.json'), 'utf8')).toBe(stdout)
})

it('lists who can not do a workload with the reason, and goes on', async () => {
  const args = [
    'compare',
    '-d',
    '100ms',
    '-r',
    '1',
    '--workloads',
    'fibonacci,echo',
    '--only',
    'c-iterative',
    '-o',
    folder,
  ]
  const { code, stdout } = await command(args)
  expect(code).toBe(0)
  expect(stdout).toMatch(/│ sequential │ C iterative │ not run: serves 1 at a time/)
})

// Those that may have a reason instead: what this machine or this version has not got.
const maybe: Record<string, RegExp> = {
  'c-io-uring': /^io_uring_/,
  'event-uring': /io_uring/,
  'python-forking': /^there is no python3$/,
  'python-threading': /^there is no python3$/,
  'python-asyncio': /^there is no python3$/,
}
const waits = /^serves \d+ at a time/
const loop = /^a native handler on the event loop must not wait$/

const all = contestants.map(({ id }) => id)
const some = contestants.filter(({ family, main }) => family !== 'C' && main).map(({ id }) => id)
const serial = (id: string): RegExp | undefined => (/iterative|^sync|prefork|isolate/.test(id) ? waits : undefined)

it.each([
  ['fibonacci', all, () => undefined],
  ['echo', all, serial],
  ['think', some, (id: string) => (id === 'event-native' ? loop : undefined)],
  ['upload', some, () => undefined],
])('gets figures, and no error, from every contestant on %s', async (workload, ids, unfit) => {
  const args = [
    'compare',
    '-d',
    '60ms',
    '-r',
    '1',
    '-c',
    '4',
    '-j',
    '-o',
    folder,
    '--no-timelines',
    '--workloads',
    workload,
  ]
  const { code, stdout } = await command([...args, '--only', ids.join()])
  expect(code).toBe(0)
  const { entries } = JSON.parse(stdout) as Report
  expect(entries.map(({ id }) => id)).toEqual(ids)
  const wrong = entries.filter(({ id, summary, reason = '' }) =>
    summary ? summary.errors > 0 || !(summary.cpu > 0) || unfit(id) : !(unfit(id) ?? maybe[id])?.test(reason),
  )
  expect(wrong.map(({ id, reason, trials }) => [id, reason, trials[0]?.firstError])).toEqual([])
})

it("has a user's own server and handler beside the others", async () => {
  const port = await freePort()
  const file = join(folder, 'shout.mjs')
  writeFileSync(file, 'export default async (conn) => conn.write(String(await conn.read()).toUpperCase())')
  const server = `${process.execPath} ${program} serve --handler ${file} --port ${port}`
  const args = ['compare', '-d', '100ms', '-r', '1', '-j', '-o', folder, '--handler', file, '--text', 'hello']
  const { code, stdout } = await command([...args, '--only', 'event,fork', '--server', server, '--port', String(port)])
  expect(code).toBe(0)
  const { entries, workloads } = JSON.parse(stdout) as Report
  expect(workloads.map(({ name }) => name)).toEqual(['custom'])
  expect(entries.map(({ id, summary, reason }) => [id, summary?.errors ?? reason])).toEqual([
    ['fork', 0],
    ['event', 0],
    ['own', 0],
  ])
})

it("says why a user's own handler does not run", async () => {
  const file = join(folder, 'none.mjs')
  writeFileSync(file, 'export const other = 1')
  const { stdout } = await command(['compare', '-r', '1', '-j', '-o', folder, '--handler', file, '--only', 'event'])
  const { entries } = JSON.parse(stdout) as Report
  expect(entries.map(({ reason }) => reason)).toEqual([`${file} has no default export: that is the handler`])
})

it('says at once that the timelines can not be written', async () => {
  const { code, stderr } = await command(['compare', '-o', folder, '--trace', join(folder, 'no/such/t.json')])
  expect([code, stderr.includes("posix-async: the timelines can't be written to ")]).toEqual([1, true])
})

it("says why a user's own server does not run", async () => {
  const args = ['compare', '-d', '100ms', '-r', '1', '--workloads', 'echo', '--only', 'c-epoll', '-o', folder]
  const { stdout } = await command([...args, '--server', 'echo no such thing >&2; exit 3', '--port', '1'])
  expect(stdout).toMatch(/│ event │ your server +│ not run: no such thing/)
})

// A port that nobody has at this moment; what listens there next is this test's own.
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

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
    '--workloads',
    'fibonacci,echo',
    '-o',
    folder,
  ])
  await compare.said(/\[1\/2\] fibonacci C fork/, 'stderr')
  const server = await serverOf(compare.child.pid!)
  compare.child.kill('SIGINT')
  expect(await compare.end()).toBe(130)
  expect(compare.stderr).toMatch(/posix-async: interrupted\n$/)
  expect(livingPids(server)).toEqual([])
})

// The child of `pid` that leads a session of its own.
async function serverOf(pid: number): Promise<number> {
  for (;;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
    const leader = children.find((child) => livingPids(child).length > 0)
    if (leader !== undefined) return leader
    await new Promise((resolve) => setImmediate(resolve))
  }
}
