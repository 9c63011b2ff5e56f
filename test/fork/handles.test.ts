// Every kind of handle that an event loop has, in parent and child of a fork: a table of where the fork is made, what becomes of the
// handles and what the child does with them. Each kind is a program of its own, test/fixtures/fork-handles.ts.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const kinds = 'fs_event fs_poll tcp named_pipe stream udp poll process signal async worker timer'.split(' ')

describe.each(['silent', 'keep'])("fork({ handles: '%s' })", (handles) => {
  it.each(kinds)("%s: neither side hears of, or takes, what is the other one's", async (kind) => {
    expect(await runFixture('fork-handles', `${kind} ${handles}`, { timeout: 60_000 })).toEqual({ well: 9, wrong: {} })
  })
})

it('handles that the parent is closing tell it of their end, and not the child', async () => {
  expect(await runFixture('fork-handles', 'closing')).toEqual({ child: 0, parent: 3 })
})

it("SIGINT and SIGTERM end a child without giving its terminal back, which is the parent's; listeners that are kept stay", async () => {
  const listening = { silent: 0, kept: 2 }
  expect(await runFixture('fork-handles', 'defaults')).toEqual({ parent: 3, silent: 0, kept: 0, listening })
})

it.each([
  ['results of the pool', 'results', 4],
  ["results of the pool, with handles: 'keep'", 'results keep', 4],
  ['ends of processes', 'exits', 3],
])("of several %s at once, all but the one that forks are the parent's alone", async (_, name, parent) => {
  expect(await runFixture('fork-handles', name)).toEqual({ parent, child: 1 })
})
