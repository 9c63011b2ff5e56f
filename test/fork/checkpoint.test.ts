// checkpoint(): what the child sees is exactly the state of the fork, whatever the parent does meanwhile.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

describe('checkpoint', () => {
  it('keeps the state of the fork while the parent goes on', async () => {
    expect(await runFixture('snapshots', 'frozen')).toEqual({ same: true, before: true, wentOn: true })
  })

  it('rejects as forked does, and with what onFork throws', async () => {
    expect(await runFixture('snapshots', 'checkpointFails')).toEqual({
      thrown: 'not saved',
      hook: 'from onFork',
      codes: ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE'],
      late: 'ETIMEDOUT',
    })
  })
})
