// What is renewed in a child, by itself or by a hook: test/fixtures/fork-renewals.ts.
import { expect, describe, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fork-renewals', name, { timeout: 25_000 })

describe('what Node keeps until a timer of its own fires, in a child', () => {
  it('the Date header of node:http goes on', async () => {
    expect(await run('date')).toBe(true)
  })

  it('fetch minds its time limits', async () => {
    expect(await run('fetch')).toBe('closed by the child')
  })
})

describe('timers that the program had set before it called forkServer', () => {
  const repeated = ['bound', 'set by a worker', 'unreferenced']
  const set = ['bound', 'once', 'set by a worker', 'unreferenced']

  it('go on in workers, in their successors and after a refork; what the program awaits, or sets later, does not', async () => {
    expect(await run('keep')).toEqual({ first: set, second: repeated, third: repeated })
  })

  it("do not with timers: 'drop'", async () => {
    expect(await run('drop')).toEqual({ first: ['set by a worker'], second: [], third: [] })
  })

  it('another word is refused', async () => {
    expect(await run('wrong')).toBe('ERR_INVALID_ARG_VALUE')
  })
})

describe('connections that the program has made', () => {
  it.each(['reset idle', 'reset connecting'])('are reset in workers, whose clients connect anew: %s', async (name) => {
    expect(await run(name)).toEqual(['!', '!'])
  })

  it("stay silent with connections: 'silent'", async () => {
    expect(await run('silent')).toEqual(['silent', 'silent'])
  })
})

describe('onFork', () => {
  it('calls in every child, and in its children, until it is removed', async () => {
    const own = ['first', 'second', 'told']
    expect(await run('hooks')).toEqual({
      inForked: { own, below: [...own, ...own] },
      bare: 7,
      connection: 'first,told',
      worker: 'first,told',
      here: [],
    })
  })

  it('ends a child that it cannot renew', async () => {
    expect(await run('throwing')).toEqual({
      code: 'ERR_POSIX_ASYNC_CHILD',
      ends: true,
      wrong: 'ERR_INVALID_ARG_TYPE',
    })
  })
})
