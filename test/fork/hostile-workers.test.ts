// A worker that was taken over can make its own parent's `ended` reject, and nothing else of it: no descriptor of its stays, no memory.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = <T>(name: string): Promise<T> => runFixture<T>('hostile-workers', name, { timeout: 25_000 })
const refused = (heard = 0): unknown[] => ['ERR_POSIX_ASYNC_REPORT', 'SIGKILL', heard]

describe('a hostile worker', () => {
  it('sends what is no message', async () => {
    expect(await run('garbage')).toEqual({
      ...{ noise: refused(), noClone: refused(), empty: refused(), kind: refused(), length: refused() },
      ...{ bomb: refused(), goodFirst: refused(2) },
    })
  })

  it('sends errors of another form', async () => {
    expect(await run('thrown')).toEqual({
      ...{ noForm: refused(), noClone: refused(), twice: [null, 'SIGKILL', 0], withFds: refused() },
    })
  })

  it('announces other descriptors than it sends', async () => {
    expect(await run('descriptors')).toEqual({ missing: refused(), surplus: refused(1), beside: refused() })
  })

  it('floods its parent with descriptors', async () => {
    expect(await run('floods')).toEqual({ count: 200, few: true })
  })

  it('stops halfway, or leaves a process that goes on sending', async () => {
    expect(await run('half')).toEqual({ ended: [null, null, 0], status: { code: 0, signal: null } })
  })

  it('sends names of Object.prototype', async () => {
    expect(await run('prototypes')).toEqual({ own: true, polluted: null })
  })

  it('does not read what it is sent', async () => {
    expect(await run('deaf')).toEqual({
      queued: true,
      ended: { code: null, signal: 'SIGKILL' },
      left: 0,
      after: 'ERR_IPC_CHANNEL_CLOSED',
    })
  })
})
