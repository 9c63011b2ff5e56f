// Which descriptors of their server's process children have: each case a program of its own.
import { describe, expect, it } from 'vitest'
import { runFixture, type FixtureOptions } from '../support/run-fixture.js'

const run = (name: string, options: FixtureOptions = {}): Promise<unknown> =>
  runFixture('inherited', name, { timeout: 30_000, ...options })

describe('3.1: children of servers', () => {
  // Each has a channel of its own, whose other end the master has: what both have is the listener.
  it.each([
    ['sync', 'its listener', 1, ['kept']],
    ['native', 'nothing', 0, ['kept']],
    ['js', 'nothing', 0, ['kept']],
    ['workers', 'its listener', 1, ['kept']],
    ['reforked', 'its listener', 1, ['kept']],
  ])('%s: a child has of its master the descriptor that is inherited and %s', async (model, _, sockets, rest) => {
    expect(await run(model)).toEqual({ refused: 'EBADF', read: true, sockets, rest: expect.arrayContaining(rest) })
  })

  it('one that is no descriptor is refused, and one that is not open', async () => {
    const [type, range] = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE']
    expect(await run('badOptions')).toEqual([type, type, range, range, range, range, type, type, 'EBADF', 'EBADF'])
  })

  it('a number of the parent’s is none that the child opens by itself', async () => {
    expect(await run('numbers')).toEqual({ taken: false, written: 'EBADF', closed: 'yes' })
  })

  it('nor does it matter that there is no descriptor left', async () => {
    expect(await run('full')).toEqual({ many: true, left: '0', errors: [] })
  })
})

describe('children of a process with a threadServer', () => {
  it('do not keep its clients from hearing the end', async () => {
    expect(await run('threadEnds')).toBe('bye')
  })

  it('nor its port from being free', async () => {
    expect(await run('threadFree')).toBe('free')
  })
})
