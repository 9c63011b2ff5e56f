// fork() where a thread does not get a processor for longer than a second: it is waited for; and where one takes no signal: it is named.
// test/fixtures/fork-starved.ts.
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { runFixture } from '../support/run-fixture.js'

const workshop = new Workshop()
let library = ''
beforeAll(() => (library = workshop.sharedObject('starved.so', ['test/fixtures/starved.c', '-pthread'])))
afterAll(() => workshop[Symbol.dispose]())

it.skipIf(spawnSync('taskset', ['-V']).status !== 0)(
  'a thread that hardly ever runs is waited for, in time in which it runs',
  { timeout: 180_000 },
  async () => {
    const under = ['taskset', '-c', '0']
    expect(await runFixture('fork-starved', 'starved', { under, args: [library], timeout: 170_000 })).toEqual([7, 7, 7])
  },
)

it('a thread that takes no signal is given up, by name and with the reason', async () => {
  const end = await runFixture('fork-starved', 'deaf', { args: [library], timeout: 70_000 })
  expect(end).toMatch(
    /^Error: fork: thread node \(\d+\) could not be stopped within a second of its time: it blocks all signals$/,
  )
})
