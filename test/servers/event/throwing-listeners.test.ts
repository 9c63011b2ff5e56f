// Listeners and callbacks that throw cost their own connection at most: what else a batch tells is told, and a place that is used again
// is no longer the last client's.
import { describe, expect, it } from 'vitest'
import { noRing, whyNoRing } from '../../support/io-uring.js'
import { runFixture } from '../../support/run-fixture.js'

describe.each(['epoll', 'poll', 'select', 'io_uring'])(`%s${whyNoRing}`, (backend) => {
  const skip = noRing && backend === 'io_uring'

  it.skipIf(skip).each(['callbacks', 'function'])(
    'what is written to a client that has left reaches nobody, %s',
    async (kind) => {
      const args = [backend, kind]
      expect(await runFixture('throwing-listeners', 'stale', { args })).toEqual({ got: 'for the second', active: 0 })
    },
  )

  it.skipIf(skip)('the other clients of a batch are served, and each end is told', async () => {
    const even = Array.from({ length: 10 }, (_, at) => `client ${2 * at}`)
    const seen = await runFixture('throwing-listeners', 'batch', { args: [backend] })
    expect(seen).toEqual({ replies: even, open: 0, uncaught: 12 })
  })
})
