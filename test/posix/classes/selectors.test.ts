// Selectors: one contract over all back ends (as CPython tests its own), and what tells them apart.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('selectors', name)
const STATE = 'Error ERR_INVALID_STATE'
const [READ, WRITE] = [1, 2]

const contract = {
  registering: {
    key: { fd: 0, fileobj: true, events: READ, data: 'data' },
    again: STATE,
    same: true,
    changed: [WRITE, 'other', true],
    gone: true,
    missing: [STATE, STATE, STATE],
    bad: [
      'TypeError ERR_INVALID_ARG_VALUE',
      'TypeError ERR_INVALID_ARG_VALUE',
      'TypeError ERR_INVALID_ARG_TYPE',
      'RangeError ERR_OUT_OF_RANGE',
      'TypeError ERR_INVALID_ARG_TYPE',
    ],
    size: 0,
  },
  selecting: [
    [['a', WRITE]],
    [['a', READ | WRITE]],
    1,
    1,
    [['A', READ]],
    [],
    [],
    [['A', READ]],
    0,
    'mine',
    [['A', READ]],
    [],
  ],
  closed: { unregistered: 'one', left: ['two'], after: [STATE, STATE, STATE, STATE], size: 0 },
}

describe('selectors', () => {
  it.each(['SelectSelector', 'PollSelector', 'EpollSelector', 'DefaultSelector'])(
    '(CPython test_selectors) %s keeps the contract',
    async (name) => expect(await run(name)).toEqual(contract),
  )

  it('select refuses descriptors beyond FD_SETSIZE, epoll refuses files, poll takes all', async () => {
    const taken = 'returned object'
    expect(await run('differences')).toEqual([
      [taken, 'RangeError ERR_OUT_OF_RANGE'],
      [taken, taken],
      ['ErrnoError EPERM', taken],
    ])
  })
})
