// Forks of every form while one system call of theirs fails, put there by strace: nothing hangs, nothing is left behind, no child hears
// of what is its parent's, and the next fork works. Each form is a program of its own, test/fixtures/fork-faults.ts;
// `npm run faults` tries all calls.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'
import { cannotTrace } from '../support/strace.js'
import { faultsOf, forms } from '../support/fork-faults.js'

interface Ends {
  met: number
  wrong: Record<string, unknown>
  ends: Record<string, unknown>
  foreign: number
}

const run = (form: string, faults: string[]): Promise<Ends> =>
  runFixture('fork-faults', form, { args: [faults.join()], timeout: 60_000 })

const often = [
  'clone:EAGAIN',
  'socketpair:EMFILE',
  'epoll_create1:EMFILE',
  'eventfd2:EMFILE',
  'pipe2:EMFILE',
  'dup3:EMFILE',
]
const refused = [
  'openat:EMFILE',
  'rt_tgsigqueueinfo:EAGAIN',
  'rt_tgsigqueueinfo:EPERM',
  'getrandom:ENOSYS',
  'pidfd_open:EMFILE',
]

describe.skipIf(cannotTrace)('a system call of a fork that fails', () => {
  it.each(forms)(
    '%s: throws or has a child that works or ends, and leaves nothing',
    { timeout: 120_000 },
    async (form) => {
      const faults = [...often, ...refused].flatMap((fault) => faultsOf(fault))
      const { met, wrong, foreign } = await run(form, faults)
      expect({ wrong, foreign }).toEqual({ wrong: {}, foreign: 0 })
      expect(met).toBeGreaterThan(often.length)
    },
  )

  it('what fails in the parent is thrown; what fails in the child ends it', { timeout: 60_000 }, async () => {
    const { ends } = await run('fork', [
      'clone:EAGAIN:1',
      'socketpair:EMFILE:1',
      'epoll_create1:EMFILE:1',
      'pipe2:EMFILE:2',
    ])
    expect(Object.values(ends)).toEqual(['EAGAIN', 'EMFILE', 1, 1])
  })
})
