// The JavaScript twice over one addon: what belongs to the environment (the epoll instance, POSIX AIO, the hooks around fork) is one for both.
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

it.each([
  ['apart', true],
  ['each wakes', [1, 1, 1, 1]],
  ['one descriptor', [1, 1]],
  ['close', 'EBADF'],
  ['aio', [8, 8, 8, 8]],
  ['fork', [true, [1, 1], 1]],
])(
  'two copies of the library: %s',
  async (name, result) => {
    expect(await runFixture('two-copies', name, { timeout: 20_000 })).toEqual(result)
  },
  20_000,
)
