// native/core/ring: run by a C++ program without Node, under the sanitizers that work here.
import { execFileSync } from 'node:child_process'
import { constants } from 'node:os'
import { afterAll, describe, expect, it } from 'vitest'
import { sanitizerWorks } from '../../support/compile.js'
import { CorePrograms } from '../../support/core-programs.js'
import { cannotTrace, withFaults } from '../../support/strace.js'

const programs = new CorePrograms('ring/ring_test', ['ring/ring.cc'])
afterAll(() => programs[Symbol.dispose]())

const env = { TSAN_OPTIONS: 'halt_on_error=1', UBSAN_OPTIONS: 'halt_on_error=1' }
const say = (command: string[]): string =>
  execFileSync(command[0]!, command.slice(1), { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } })

const refused = Number(say([programs.with(''), 'available']))
const where = refused ? ` (skipped: io_uring_setup says errno ${refused})` : ''

describe.each(['', 'thread', 'address,undefined'])(`sanitizer "%s"${where}`, (sanitizer) => {
  const skip = refused !== 0 || (sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks))

  it.skipIf(skip).each([
    ['256 completions of a ring of 4 arrive once each', 'overflow', 'each once 256 left 0'],
    ['a full ring gives no entry until it is submitted', 'full', 'entries 4 completions 4'],
    ['the eventfd is signalled', 'told', 'before 0 event 1 byte x user_data 7 result 1'],
    ['one of two is cancelled, then by descriptor', 'cancelled', 'read -125 cancel 0 read -125 cancel 1'],
    ['accept and recv multishot, provided buffers go round', 'multishot', 'right 1000 end 0 more 0'],
    ['without a buffer left recv ends, and begins again', 'no-buffers', 'ninth -105 more 0 later 16'],
    ['a child makes its own, the parent goes on', 'forked', 'child 42 parent 1 byte x'],
    ['the kernel says what it can', 'probe', 'read 1 accept 1 beyond 0'],
  ])(
    '%s',
    (_, name, said) => {
      expect(say([programs.with(sanitizer), name])).toBe(`${said}\n`)
    },
    120_000,
  )
})

it.skipIf(cannotTrace).each(['ENOSYS', 'EPERM', 'ENOMEM', 'EMFILE'] as const)(
  'A50: liburing probe.c: a kernel that answers %s is reported with it',
  async (name) => {
    const { result, faults } = await withFaults('io_uring_setup', `error=${name}`, (under) =>
      Promise.resolve(say([...under, programs.with(''), 'available'])),
    )
    expect([result, faults]).toEqual([`${constants.errno[name]}\n`, 1])
  },
)
