// A Worker that is terminated while it is busy costs itself only: JavaScript may not run in it any more, and whatever comes from its event
// loop, its threads or the kernel finds that out without ending the process.
import { describe, expect, it } from 'vitest'
import { noRing, whyNoRing } from '../support/io-uring.js'
import { endOf, runFixture } from '../support/run-fixture.js'

const BACKENDS = ['epoll', 'poll', 'select', 'io_uring']
const EVENT = BACKENDS.flatMap((backend) =>
  ['function', 'callbacks', 'http', 'native'].map((how) => `${backend}:${how}`),
)
const THREADS = ['thread:function', 'thread:http', 'thread:native', 'isolates:function']
const WAITS = ['readAsync', 'pollAsync', 'selectAsync', 'epoll', 'stream', 'aio', 'files', 'pthreads']
const RINGS = ['ring', 'ringStreams']

// A file that the kernel was about to open or to close when its Worker ended stays open; and what isolates hold is closed by the Worker that
// has started them, which is gone here. docs/servers.md says so.
const HOLDS = ['files', 'isolates:function']

async function terminate(kind: string): Promise<unknown> {
  const options = { args: [kind, '5'], timeout: 30_000 }
  if (!HOLDS.includes(kind)) return runFixture('terminated', 'busy', options)
  return (await endOf('terminated', 'busy', options)).report?.result
}

describe('terminate() of a busy Worker leaves the process as it was', () => {
  const open = [...EVENT.filter((kind) => !kind.startsWith('io_uring')), ...THREADS, ...WAITS]
  it.each(open)('%s', async (kind) => expect(await terminate(kind)).toBe('alive'), 30_000)

  describe.skipIf(noRing)(`by io_uring${whyNoRing}`, () => {
    const ofRing = [...EVENT.filter((kind) => kind.startsWith('io_uring')), ...RINGS]
    it.each(ofRing)('%s', async (kind) => expect(await terminate(kind)).toBe('alive'), 30_000)
  })

  it('that is still loading the library', async () => {
    // Node itself leaves the file open whose reading its loader has begun.
    const { report, stderr } = await endOf('terminated', 'loading', { args: ['nothing', '12'], timeout: 30_000 })
    expect(report?.result, stderr).toBe('alive')
  }, 30_000)
})
