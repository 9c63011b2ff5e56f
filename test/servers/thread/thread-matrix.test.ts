// Twenty kinds of work while threadServer serves in the same process, each way of it a program of its own with the leak gate.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../../support/compile.js'
import { runFixture } from '../../support/run-fixture.js'

const workshop = new Workshop()
let connects = ''

beforeAll(() => {
  connects = workshop.executable('connects', ['test/fixtures/connects.c', '-pthread'])
})
afterAll(() => workshop[Symbol.dispose]())

// Under ThreadSanitizer fork() cannot be (see CONTRIBUTING.md), and a shell crashes.
const omitted = process.env['LD_PRELOAD']?.includes('libtsan') ? ['nestedFork', 'exec'] : []

const run = (name: string): Promise<unknown> =>
  runFixture('thread-matrix', name, { timeout: 60_000, args: [connects, ...omitted] })

describe.each(['function', 'function-pool', 'native', 'native-pool', 'module'])('%s', (way) => {
  it(
    'serves while the main thread does work of twenty kinds, and both are done right',
    { timeout: 60_000 },
    async () => {
      const right = { failed: [], count: 20 - omitted.length }
      expect(await run(`kinds:${way}`)).toEqual({ ...right, wrong: [], errors: 0 })
    },
  )
})

describe.each(['function', 'function-pool', 'native', 'native-pool', 'module'])('%s', (way) => {
  it('no child of 500 forks takes a byte from a client, or sends one', { timeout: 60_000 }, async () => {
    expect(await run(`forks:${way}`)).toEqual({ wrong: [], errors: 0 })
  })
})
