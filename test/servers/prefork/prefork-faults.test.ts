// Faults that a server with workers lives through (test/fixtures/prefork-faults.ts).
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runFixture, type FixtureOptions } from '../../support/run-fixture.js'
import { cannotTrace, withFaults } from '../../support/strace.js'

const root = process.getuid!() === 0

const fixture = (name: string, options: FixtureOptions = {}) =>
  runFixture<unknown>('prefork-faults', name, { timeout: 25_000, ...options })

const canLimitMemory = ((): boolean => {
  try {
    accessSync('/sys/fs/cgroup/memory/memory.limit_in_bytes', constants.W_OK)
    return root
  } catch {
    return false
  }
})()

describe.skipIf(cannotTrace !== undefined)('fork refused (under strace)', () => {
  it.each(['EAGAIN', 'ENOMEM'])('a thousand times %s leaves nothing behind', async (code) => {
    const { result, faults } = await withFaults('clone', `error=${code}`, (under) => fixture('forkRefused', { under }))
    expect(result).toEqual({ codes: [code], fds: 0, start: code })
    expect(faults).toBeGreaterThan(1100)
  })

  it('three times, and the worker comes back', async () => {
    const { result } = await withFaults('clone', 'error=EAGAIN:when=2..4', (under) =>
      fixture('forkComesBack', { under }),
    )
    expect(result).toEqual({ failures: ['EAGAIN', 'EAGAIN', 'EAGAIN'], reply: 'x' })
  })
})

describe('a worker', () => {
  it('that crashes is told of by its signal and replaced, and its client sees the end', async () => {
    const signals = ['SIGSEGV', 'SIGABRT', 'SIGKILL']
    expect(await fixture('crash')).toEqual(signals.map((signal) => ({ reply: 0, code: null, signal, then: 'x' })))
  })

  it('whose heap is full is replaced', async () => {
    const end = await fixture('heapFull', { nodeArgs: ['--max-old-space-size=60'] })
    expect(end).toEqual({ reply: 0, code: null, signal: expect.stringMatching(/^SIG(ABRT|TRAP|ILL)$/), then: 'x' })
  })

  it.skipIf(!canLimitMemory)(
    'A53 (gunicorn test_reap_killed_by_sigkill_oom_hint): killed for want of memory, is replaced (needs a memory cgroup)',
    async () => {
      expect(await fixture('outOfMemory')).toEqual({ reply: 0, code: null, signal: 'SIGKILL', then: 'x' })
    },
  )

  it('that cannot start three times in a row ends the server where it is told so', async () => {
    expect(await fixture('tooManySpawnErrors')).toEqual({
      message: expect.stringMatching(/^worker [01] could not start: no database$/),
      failures: 3,
      listening: false,
    })
  })
})

it('drain: ten times closed under load, nobody who was accepted is lost', async () => {
  expect(await fixture('drains')).toEqual({ enough: true, lost: 0 })
})

it.skipIf(cannotTrace !== undefined)(
  'a client for whom a worker was woken as it was to leave is another’s (under strace)',
  async () => {
    expect(await fixture('wokenAndToldToLeave')).toEqual({ reply: 'late', other: true, workers: 1 })
  },
)

it('herd: the workers’ shares are even', async () => {
  expect(await fixture('herd')).toEqual({ all: 800, even: true })
})

it('zombies: three hundred children that end at once are waited for', async () => {
  expect(await fixture('zombies')).toEqual({ ends: [0], left: 0 })
})

describe.skipIf(!root || cannotTrace !== undefined)('3.2: dropping privileges (root only, under strace)', () => {
  it('a step that fails keeps the worker from serving', async () => {
    const { result } = await withFaults('setgroups', 'error=EPERM', (under) => fixture('dropRefused', { under }))
    expect(result).toMatch(/^worker [01] could not start: EPERM: .*, setgroups$/)
  })

  it.each([
    ['setresgid', 'group'],
    ['setresuid', 'user'],
  ])('where %s says that it did and did not, no worker serves', async (syscall, what) => {
    const { result } = await withFaults(syscall, 'retval=0', (under) => fixture('dropRefused', { under }))
    const why = `the child could not become ${what} 65534 and nothing else`
    expect(result).toMatch(new RegExp(`^worker [01] could not start: ${why}$`))
  })

  it('groups first, then the group, then the user', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
    try {
      const log = join(folder, 'log')
      const calls = 'setgroups,setresgid,setresuid'
      expect(await fixture('dropped', { under: ['strace', '-f', '-qq', '-o', log, '-e', `trace=${calls}`] })).toBe('x')
      // Each thread makes each call, between others of its process; the last of all are attempts to come back.
      const names = readFileSync(log, 'utf8').matchAll(/ (setgroups|setresgid|setresuid)\(/g)
      expect([...new Set([...names].map(([, name]) => name))]).toEqual(calls.split(','))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
