// The order of a ring's operations: what drains can be given up, chains stay whole, a close that fails closes nothing, time has no end where none
// was asked for, and buffers that are taken are waited for without asking again.
import { describe, expect, it } from 'vitest'
import { noRing, whyNoRing } from '../../support/io-uring.js'
import { runFixture } from '../../support/run-fixture.js'

const CANCELED = 'ECANCELED'
const run = (name: string): Promise<unknown> => runFixture('ring-order', name)

describe.skipIf(noRing)(`while something drained waits${whyNoRing}`, () => {
  it('the operation that it waits for is aborted', async () => {
    expect(await run('drain-abort')).toEqual(['STOP', null, null])
  })

  it('it is aborted itself, and what is after it goes on', async () => {
    expect(await run('drain-abort-drained')).toEqual([['waits', 'waits'], ['STOP', null, 'waits'], 4, 0])
  })

  it('all of a descriptor is cancelled, in the kernel and out of it', async () => {
    expect(await run('drain-cancel')).toEqual([2, [CANCELED, null, null, CANCELED], 1])
  })

  it('closing the descriptor ends what is on it', async () => {
    expect(await run('drain-close')).toEqual([CANCELED, null, null, CANCELED])
  })

  it('closing the ring ends all of it', async () => {
    expect(await run('drain-end')).toEqual(['closed', [CANCELED, CANCELED, CANCELED], 0])
  })

  it('a Worker ends', async () => {
    expect(await run('drain-worker')).toBe(1)
  })

  it('the order is the kernel’s', async () => {
    const order = ['read', 'write', 'again', 'nop', 'last']
    expect(await run('drain-order')).toEqual([[], order, 'ab', 'cd'])
  })
})

describe.skipIf(noRing)(`a chain${whyNoRing}`, () => {
  it('that ends in close has written', async () => {
    expect(await run('chain-close')).toEqual(['5,, 5 EBADF'])
  })

  it('stays whole whatever is aborted, handed over or closed while it is built', async () => {
    expect(await run('chain-whole')).toEqual([
      'STOP',
      [4, null, 4],
      [null, 'STOP', CANCELED],
      [null, CANCELED, CANCELED],
      0,
    ])
  })

  it('waits until the ring has room for all of it', async () => {
    expect(await run('chain-many')).toEqual([250, 0])
  })
})

describe.skipIf(noRing)(`what fails closes nothing${whyNoRing}`, () => {
  it('dup2, dup3, and a close of a ring: whoever waits for the descriptor waits on', async () => {
    expect(await run('failed-dup')).toEqual([
      ['EBADF', 'EINVAL', 'EINVAL', 'ERR_INVALID_STATE', 'STOP', 'EBADF', CANCELED],
      ['waits', 'waits', 'waits', 'waits'],
      [1, 1, 1],
      1,
    ])
  })
})

describe.skipIf(noRing)(`times and buffers${whyNoRing}`, () => {
  it('for ever is for ever, and absolute times are not cut off', async () => {
    expect(await run('for-ever')).toEqual([Array(8).fill('waits'), Array(6).fill('STOP'), [false, false]])
  })

  it('numbers of groups are used again, and never while somebody receives by them', async () => {
    expect(await run('group-numbers')).toEqual([1, 'ERR_INVALID_STATE', true, 'ERR_INVALID_STATE'])
  })

  it('recvMultishot rests while all buffers are taken', async () => {
    expect(await run('starving')).toMatchObject({
      isQuiet: true,
      states: ['waits', 'waits'],
      first: 'first',
      values: ['next', 'next'],
    })
  })
})
