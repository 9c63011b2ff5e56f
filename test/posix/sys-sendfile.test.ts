// sendfile and splice, and their promises.
import { expect, describe, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const MiB = 1 << 20

describe('inside the kernel', () => {
  it('sendfileAsync sends to the end, leaves the offset, and refuses what would block', async () => {
    expect(await runFixture('sendfile', 'sendfile')).toEqual({
      blocking: 'ERR_INVALID_ARG_VALUE',
      sent: 4 * MiB - 4,
      isEqual: true,
      offset: 4 * MiB,
    })
  })

  it('splice moves through pipes, and spliceAsync waits for bytes', async () => {
    const result = { moved: 10, later: 1, empty: null, text: 'the kernel!', noPipe: 'EINVAL' }
    expect(await runFixture('sendfile', 'splice')).toEqual(result)
  })
})
