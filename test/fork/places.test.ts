// fork() from every place of the event loop's turn: a child's first act, whatever it is, runs to its end, and nothing that the parent had
// queued runs in it. Each case is a program of its own, test/fixtures/fork-places.ts; POSIX_ASYNC_REPEATS=500 has it try each act as often.
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../support/run-fixture.js'

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

// What the child ended with, and what was said on standard error.
async function endAt(place: string, act: string): Promise<unknown> {
  const { report, stderr, left } = await endOf('fork-at-end', place, { args: [act] })
  return { status: report?.result, stderr, left }
}

describe('fork as the process ends', () => {
  const own = ['setImmediate', 'setTimeout', 'nextTick', 'microtask', 'fs', '_exit']

  it.each(own)('from a beforeExit listener: the child’s %s runs', async (act) => {
    expect(await endAt('beforeExit', act)).toEqual({ status: 7, stderr: '', left: [] })
  })

  it.each(['beforeExit', 'exit'])('from a listener of %s: a child that does nothing ends with 0', async (place) => {
    expect(await endAt(place, 'nothing')).toEqual({ status: 0, stderr: '', left: [] })
  })

  it('from an exit listener: the child ends as its parent does, for the end is on its stack', async () => {
    expect(await endAt('exit', 'setImmediate')).toEqual({ status: 0, stderr: '', left: [] })
    expect(await endAt('exit', '_exit')).toEqual({ status: 7, stderr: '', left: [] })
  })

  it.each(['nothing', 'await for ever'])('while a module awaits: a child that does %s ends with 0', async (act) => {
    expect(await endAt('topLevelAwait', act)).toEqual({ status: 0, stderr: '', left: [] })
  })
})
