// What redirecting calls opens for a moment: the tables that the loader has made read-only (RELRO).
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

it('3.13: memory that the loader has made read-only is so after the loading of the library, after a fork and in the child', async () => {
  expect(await runFixture('read-only', 'stays')).toEqual({ some: true, loaded: 0, forked: 0, child: 0 })
})
