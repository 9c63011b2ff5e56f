// A request of HTTP is over when its response or its socket is, whatever event it came by (test/fixtures/http-lifetimes.ts).
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const fixture = (name: string) => runFixture<unknown>('http-lifetimes', name, { timeout: 25_000 })

it('pipelined requests whose client has gone are over, and their worker is not busy for ever', async () => {
  expect(await fixture('pipelined requests whose client goes')).toEqual({ served: 5 })
})

it.each(['checkContinue', 'checkExpectation', 'connect', 'upgrade', 'a listener that comes late'])(
  '%s: what was begun is finished across a reload',
  async (name) => {
    expect(await fixture(name)).toBe(true)
  },
)
