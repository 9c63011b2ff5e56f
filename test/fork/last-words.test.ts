// A child that ends by an error says so on standard error and leaves with 1, whatever has become of the reader and of the error. Each case
// is a program of its own, test/fixtures/last-words.ts.
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('last-words', name)

it('the error is read by the reader of standard error', async () => {
  expect(await run('reader')).toEqual({ code: 1, said: true })
})

it.each(['no reader', 'a reader that never reads', 'an error that cannot be shown'])(
  '%s: the child leaves with 1',
  async (name) => {
    expect(await run(name)).toEqual({ code: 1 })
  },
)

it('an error longer than a pipe is read whole', async () => {
  expect(await run('more than a pipe takes')).toEqual({ code: 1, count: true })
})

it('in forked(), what cannot be shown or cloned rejects the promise with an Error', async () => {
  expect(await run('in forked()')).toEqual({
    hostile: 'ERR_POSIX_ASYNC_THROWN',
    symbol: 'undefined',
    function: 'undefined',
    bare: 'object',
    getters: 'an Error',
  })
})
