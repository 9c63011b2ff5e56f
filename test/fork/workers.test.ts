// Workers of the parent are dead in a child: test/fixtures/fork-workers.ts. Code 7 says that all was as it should be.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fork-workers', name, { timeout: 25_000 })
const five = [7, 7, 7, 7, 7]
// A sanitizer makes threads with an argument of its own, by which no Worker is recognised.
const unrecognised = process.env['LD_PRELOAD']?.includes('libasan')

describe('a Worker of the parent, in the child', () => {
  it.skipIf(unrecognised)('that computed at the fork computes no more', async () => {
    expect(await run('busy')).toEqual(five)
  })

  it.skipIf(unrecognised)('that was blocked in Atomics.wait is not woken', async () => {
    expect(await run('blocked')).toEqual(five)
  })

  it.skipIf(unrecognised)('that was being started does not start', async () => {
    expect(await run('starting')).toEqual(five)
  })

  it('sends no message and does not keep the child alive', async () => {
    expect(await run('end')).toBe(7)
  })

  it('that collects garbage is waited for, so that no helper of the child stands still for it', async () => {
    expect(await run('collecting')).toBe(40)
  })

  it('can be terminated, which resolves at once', async () => {
    expect(await run('terminate')).toBe(7)
  })

  it('is in no way of Workers that the child starts', async () => {
    expect(await run('own')).toBe(7)
  })
})
