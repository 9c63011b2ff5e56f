// Lists with holes, lists that are none, and lists that change while they are read: refused before any system call, and what an earlier
// operation left behind is not taken for an element.
import { expect, it } from 'vitest'
import { noRing, whyNoRing } from '../support/io-uring.js'
import { runFixture } from '../support/run-fixture.js'

it('every function that takes a list refuses a hole, and does nothing', async () => {
  const { sent, ...said } = await runFixture<Record<string, unknown>>('sparse-lists', 'table')
  expect(sent).toBeNull()
  expect(Object.keys(said).length).toBe(noRing ? 14 : 21)
  expect(new Set(Object.values(said))).toEqual(new Set(['ERR_INVALID_ARG_TYPE']))
})

it.skipIf(noRing)(`vectors of an earlier operation are not used again${whyNoRing}`, async () => {
  const codes = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE']
  const old = 'A'.repeat(24)
  expect(await runFixture('sparse-lists', 'stale')).toEqual({ codes, empty: 0, there: 1, old })
})

it.skipIf(noRing)(`a list that grows while it is read is as long as it was${whyNoRing}`, async () => {
  expect(await runFixture('sparse-lists', 'changing')).toEqual([8, 'content!'])
})
