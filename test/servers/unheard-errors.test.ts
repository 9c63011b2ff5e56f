// A handler that throws is never silent: where nothing listens to 'clientError', standard error has its stack (test/fixtures/unheard-errors.ts).
import { describe, expect, it } from 'vitest'
import { endOf, runFixture, type FixtureOptions } from '../support/run-fixture.js'

const end = (name: string, model: string, options: FixtureOptions = {}) =>
  endOf('unheard-errors', name, { ...options, args: [model], timeout: 20_000 })

describe.each(['sync', 'fork', 'prefork', 'thread', 'event', 'callbacks', 'isolates'])('%s', (model) => {
  it('tells each error once with its stack, how to take it over, and nothing of clients that go away', async () => {
    const { stderr, report } = await end('unheard', model)
    expect(report).toEqual({ result: 3, leaks: [] })
    expect(stderr.match(/^posix-async: a handler has failed for 127\.0\.0\.1:\d+: TypeError: a fault/gm)).toHaveLength(
      2,
    )
    expect(stderr.match(/^ {4}at .*(unheard-errors|failing)\.js:\d+/gm)!.length).toBeGreaterThanOrEqual(2)
    expect(stderr.match(/server\.on\('clientError', \(error, client\) => \.\.\.\)/g)).toHaveLength(1)
    expect(stderr).not.toContain('ECONNRESET')
  })

  it('is silent where a listener takes it', async () => {
    const { stderr, report } = await end('heard', model)
    expect([stderr, report]).toEqual(['', { result: ['a fault of the handler'], leaks: [] }])
  })
})

it('a standard error that is closed, or that takes nothing, costs the server nothing', async () => {
  for (const to of ['2>&-', '2>/dev/full']) {
    const under = ['sh', '-c', `exec "$@" ${to}`, 'sh']
    expect(await runFixture('unheard-errors', 'unheard', { under, args: ['event'] })).toBe(3)
  }
})
