// A parent that is killed takes its children with it, however busy they are (test/fixtures/master-dies.ts).
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const root = process.getuid!() === 0

describe('a master that is killed leaves no orphan', () => {
  it.each(['workers', 'forkServer', 'syncServer', 'forked'])('%s', async (kind) => {
    expect(await runFixture('master-dies', kind)).toEqual({ busy: true, end: 0 })
  })

  // The kernel forgets the wish when the user changes.
  it.skipIf(!root).each(['otherUser', 'childOfOtherUser'])('%s (root only)', async (kind) => {
    expect(await runFixture('master-dies', kind)).toEqual({ busy: true, end: 0 })
  })
})
