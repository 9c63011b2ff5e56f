// What children have written to a full pipe when they end: test/fixtures/fork-output.ts.
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fork-output', name, { timeout: 25_000 })

describe('the last lines of a child come whole', () => {
  it.each([
    'forked',
    'stderr',
    'failing',
    'connections',
    'connections of HTTP',
    'workers',
    'workers of HTTP',
    'process.exit',
    'nothing left to do',
  ])('%s', async (name) => {
    expect(await run(name)).toEqual({ whole: 3, said: 3, others: 0 })
  })
})

it("what the parent has queued at the fork is written once, and a child's lines do not wait behind it for ever", async () => {
  expect(await run('parent')).toMatchObject({ said: 1 })
})

describe('a reader', () => {
  it('that never reads holds a child for some seconds only', async () => {
    expect(await run('not read')).toContain('goes on')
  })

  it('that is gone holds none', async () => {
    expect(await run('gone')).toBe(0)
  })
})

it("lines of a log transport whose Worker is the parent's are on standard output, and a warning says so", async () => {
  const { report, stdout } = await endOf('fork-transport', 'pino', { timeout: 20_000 })
  const lines = stdout.split('\n').filter((line) => line.includes('"msg"'))
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['of a child', 'of a child, too'])
  expect(report!.result).toEqual(['POSIX_ASYNC_TRANSPORT'])
})
