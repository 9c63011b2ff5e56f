// fork() from every place of the event loop's turn: a child's first act, whatever it is, runs to its end, and nothing that the parent had
// queued runs in it. Each case is a program of its own, test/fixtures/fork-places.ts; POSIX_ASYNC_REPEATS=500 has it try each act as often.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const places = [
  'topLevel',
  'timer',
  'timerMicrotask',
  'timerTick',
  'interval',
  'runningInterval',
  'immediate',
  'immediateFollowed',
  'immediateBetween',
  'immediateMicrotask',
  'immediateTick',
  'immediateScope',
  'immediateThrown',
  'timerThrown',
  'tick',
  'tickMicrotask',
  'microtask',
  'rejection',
  'rejectionHandled',
  'stream',
  'closing',
  'closeUnderWay',
  'poll',
  'signal',
  'fs',
  'fsPromise',
  'zlib',
  'waited',
  'childEnd',
  'worker',
  'port',
  'inspector',
  'hookInit',
  'hookBefore',
  'hookAfter',
  'hookDestroy',
]

const repeats = Number(process.env['POSIX_ASYNC_REPEATS'] ?? 1)
const timeout = 25_000 * repeats

describe('fork', () => {
  it.each(places)('from %s: every first act of the child runs', { timeout: timeout + 5000 }, async (place) => {
    const env = { POSIX_ASYNC_REPEATS: String(repeats) }
    expect(await runFixture('fork-places', place, { timeout, env })).toEqual({})
  })
})
