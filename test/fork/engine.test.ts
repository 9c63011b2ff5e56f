// What V8 has under way for the parent when it forks, and hands to the main thread by itself: in a child nobody hears of it, what the child
// begins itself is heard of, and a child that does nothing ends. Each case is a program of its own, test/fixtures/fork-engine.ts.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const kinds = [
  'compile',
  'compileSmall',
  'compileInvalid',
  'instantiate',
  'instantiateModule',
  'compileStreaming',
  'instantiateStreaming',
  'compileInContext',
  'registry',
  'waitAsync',
  'waitAsyncTimeout',
  'measureMemory',
  'importModule',
  'importSame',
  'importCommonJS',
]

const repeats = Number(process.env['POSIX_ASYNC_REPEATS'] ?? 2)
const timeout = 30_000 * repeats

describe('fork beside', () => {
  it.each(kinds)('%s: the parent’s is silent in the child, and the child’s own is not', { timeout }, async (kind) => {
    const env = { POSIX_ASYNC_REPEATS: String(repeats) }
    expect(await runFixture('fork-engine', kind, { timeout: timeout - 5000, env })).toEqual({})
  })
})
