// node --import posix-async/heapdump: on a signal, at a size, and what it says where it writes none.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../support/compile.js'
import { Running } from '../support/command.js'

const folder = mkdtempSync(join(tmpdir(), 'posix-async-heapdump-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Whether this user may show a process another /proc/meminfo. */
const canMount = ((): boolean => {
  try {
    execFileSync('unshare', ['-m', 'mount', '--bind', '/dev/null', '/proc/meminfo'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

const node = process.env['POSIX_ASYNC_NODE'] ?? process.execPath
const entry = ['--import', join(root, 'dist/lib/fork/heapdump/heapdump.js')]

interface Settings {
  signal?: string
  at?: string
  dir?: string
}

function environment({ signal, at, dir = folder }: Settings): Record<string, string> {
  const given = { SIGNAL: signal, AT: at, DIR: dir }
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : [[`POSIX_ASYNC_HEAPDUMP_${name}`, value]],
    ),
  )
}

const under = (settings: Settings): string[] =>
  Object.entries(environment(settings)).map(([name, value]) => `${name}=${value}`)

/** A program that says that it is there, and goes on. */
const program = "setInterval(() => {}, 1e6); console.log('ready')"

const start = (settings: Settings, text = program, nodeArgs: string[] = []): Running =>
  new Running('env', [...under(settings), node, ...nodeArgs, ...entry, '-e', text])

const pathIn = (line: string): string => /: (\/.*\.heapsnapshot) is written/.exec(line)![1]!

describe('node --import posix-async/heapdump', () => {
  it('writes a snapshot for each signal, and the program goes on', async () => {
    await using running = start({})
    await running.said(/ready/)
    process.kill(running.child.pid!, 'SIGUSR2')
    const [line] = await running.said(/SIGUSR2: .* is written/, 'stderr')
    const path = pathIn(line)
    expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object)).toContain('nodes')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(running.child.exitCode).toBe(null)
  })

  it('takes another signal', async () => {
    await using running = start({ signal: 'HUP' })
    await running.said(/ready/)
    process.kill(running.child.pid!, 'SIGHUP')
    expect((await running.said(/SIGHUP: .* is written/, 'stderr'))[0]).toContain(folder)
  })

  it('writes one at a given size, and only one', async () => {
    const leak = `
      const kept = []
      setInterval(() => {
        if (kept.length === 60) return
        kept.push(Array(20_000).fill().map((_, i) => ({ i })))
        globalThis.gc()
      }, 1)
    `
    await using running = start({ at: '12M' }, leak, ['--expose-gc'])
    const [line] = await running.said(/the heap has \d+ MiB: .* is written/, 'stderr')
    expect(statSync(pathIn(line)).size).toBeGreaterThan(1 << 20)
    expect(running.stderr.match(/is written/g)).toHaveLength(1)
  })

  it('says why it writes none', async () => {
    await using running = start({ dir: join(folder, 'nowhere') })
    await running.said(/ready/)
    const before = readdirSync(folder).length
    process.kill(running.child.pid!, 'SIGUSR2')
    expect((await running.said(/SIGUSR2: no snapshot\..*/, 'stderr'))[0]).toContain('ENOENT')
    expect(readdirSync(folder)).toHaveLength(before)
  })

  it.skipIf(!canMount)('writes none where memory is short, and says how much is missing', async () => {
    const meminfo = join(folder, 'meminfo')
    writeFileSync(meminfo, 'MemTotal: 2000 kB\nMemAvailable:       1000 kB\n')
    const script = `mount --bind ${meminfo} /proc/meminfo && exec "$@"`
    const args = ['-m', 'sh', '-c', script, 'sh', 'env', ...under({}), node, ...entry, '-e', program]
    await using running = new Running('unshare', args)
    await running.said(/ready/)
    const before = readdirSync(folder).length
    process.kill(running.child.pid!, 'SIGUSR2')
    const told = /SIGUSR2: no snapshot\. It may take \d+ MiB, and 1 MiB of memory are left/
    await running.said(told, 'stderr')
    expect(readdirSync(folder)).toHaveLength(before)
  })

  it('refuses settings that are none', () => {
    for (const bad of [{ signal: 'USR1' }, { signal: 'NONE' }, { signal: 'KILL' }, { at: 'much' }, { at: '0' }]) {
      const run = (): unknown =>
        execFileSync(node, [...entry, '-e', '0'], { env: { ...process.env, ...environment(bad) }, stdio: 'pipe' })
      expect(run).toThrow(/ERR_INVALID_ARG_VALUE/)
    }
  })

  it('does nothing in a Worker', () => {
    const text =
      "new (require('node:worker_threads').Worker)('0', { eval: true }).on('exit', (code) => console.log(code))"
    expect(String(execFileSync(node, [...entry, '-e', text]))).toBe('0\n')
  })
})
