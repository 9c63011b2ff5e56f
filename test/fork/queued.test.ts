// Promise jobs, ticks, immediates and rejections that were queued when fork() was called run in the parent alone, wherever it was called
// from. Each case is a program of its own, test/fixtures/fork-queued.ts.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fork-queued', name)

// What the child ran of its own: what it queued after the fork (4), and the stack and the awaits behind the one that forked.
describe('fork', () => {
  it('from a plain call: queued jobs and ticks are the parent’s', async () => {
    expect(await run('stack')).toEqual({ own: 4, parent: 102, child: 0 })
  })

  it('from a promise job: the jobs behind it are the parent’s, and who awaits it goes on', async () => {
    expect(await run('job')).toEqual({ own: 5, parent: 101, child: 0 })
  })

  it('between two awaits: the function and its callers go on', async () => {
    expect(await run('await')).toEqual({ own: 6, parent: 1, child: 0 })
  })

  it('from a tick: the ticks behind it and what they would lead to are the parent’s', async () => {
    expect(await run('tick')).toEqual({ own: 4, parent: 2, child: 0 })
  })

  it('from an immediate: those behind it are the parent’s', async () => {
    expect(await run('immediate')).toEqual({ own: 4, parent: 3, child: 0 })
  })

  it('from a promise job between two immediates: those behind it are the parent’s', async () => {
    expect(await run('betweenImmediates')).toEqual({ own: 4, parent: 3, child: 0 })
  })

  it('a rejection that nobody has handled yet is the parent’s', async () => {
    expect(await run('rejection')).toEqual({ own: 4, parent: 1, child: 0 })
  })
})
