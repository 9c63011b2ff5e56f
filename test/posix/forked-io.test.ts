// What goes on at a fork is the parent's: in the child it is silent, or, where the child keeps the parent's loop, an error.
import { describe, expect, it } from 'vitest'
import { noRing, whyNoRing } from '../support/io-uring.js'
import { runFixture } from '../support/run-fixture.js'

describe('a child', () => {
  // 3.7; next, aio_error and completion are asked in the child
  const then = { next: 'ERR_INVALID_STATE', status: 125, completion: 'ECANCELED' }

  it.skipIf(noRing)(`hears nothing of what the parent waits for${whyNoRing}`, async () => {
    expect(await runFixture('ring-forks', 'silent')).toEqual({ settled: {}, then })
  })

  it.skipIf(noRing)(
    `that keeps the parent's handles hears of each wait, of operations EFORKED${whyNoRing}`,
    async () => {
      const settled = { ring: 'EFORKED', multishot: 'EFORKED', aio: 'ECANCELED', read: 4, poll: 1 }
      expect(await runFixture('ring-forks', 'kept')).toEqual({ settled, then })
    },
  )

  it('that keeps the parent’s handles reads files by a ring of its own', async () => {
    expect(await runFixture('ring-forks', 'keptFiles')).toBe(true)
  })

  it('has no descriptor of the parent’s POSIX AIO open', async () => {
    expect(await runFixture('ring-forks', 'held')).toBe(0)
  })
})

describe.skipIf(noRing)(`Ring and fork${whyNoRing}`, () => {
  it("A49 (liburing across-fork.c): in the child the parent's ring throws and its own works; 100 operations of the parent settle once", async () => {
    const refused = 'ERR_INVALID_STATE'
    expect(await runFixture('ring-forks', 'A49')).toEqual({
      child: { inherited: refused, rejected: refused, pending: 1, settled: 0 },
      settled: 100,
      right: true,
    })
  })

  it('what arrives belongs to the parent, though the child touched the page', async () => {
    expect(await runFixture('ring-forks', 'forkedData')).toEqual({ count: 4, text: 'data', child: 42 })
  })

  it('again and again', async () => {
    expect(await runFixture('ring-forks', 'forkedOften')).toBe(20)
  })
})
