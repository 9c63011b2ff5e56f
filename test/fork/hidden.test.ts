// Memory across a fork: V8's pages are in a child, and what another library hides from children is not.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { runFixture } from '../support/run-fixture.js'

const workshop = new Workshop()
let library = ''

beforeAll(() => {
  library = workshop.sharedObject('routines.so', ['test/fixtures/routines.c', '-pthread'])
})
afterAll(() => workshop[Symbol.dispose]())

it('a page that a library has hidden (MADV_DONTFORK) no child has', async () => {
  const seen = await runFixture('hidden', 'hidden', { args: [library] })
  expect(seen).toEqual({ some: true, parent: 1, children: [0, 0], nested: 0 })
})

it('all of V8’s heap a child has, and the child of a child', async () => {
  expect(await runFixture('hidden', 'heap', { args: [library], timeout: 30_000 })).toEqual([0])
})
