// Isolates that end, by themselves and with their server, each case a program of its own with the leak gate.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { endOf, runFixture, type FixtureOptions } from '../../support/run-fixture.js'

const hasStrace = spawnSync('strace', ['-V']).status === 0
const run = (name: string, options: FixtureOptions = {}): Promise<unknown> =>
  runFixture('isolates-life', name, { timeout: 25_000, ...options })

describe('a module', () => {
  it.each([
    ['crash', 1, 'crashed'],
    ['exit', 3, undefined],
  ])('one that dies is replaced, and its client sees the end: %s', async (name, code, message) => {
    const exits = [message === undefined ? [true, code, null] : [true, code, message]]
    expect(await run(name)).toEqual({ reply: '', exits, next: ['next'], active: 0, errors: 1, restarts: 1 })
  })

  it('that dies again and again is replaced more slowly', async () => {
    expect(await run('crashloop')).toEqual({ place: 0, next: 'still there' })
  })

  it('close lets connections finish', async () => {
    expect(await run('drain')).toEqual({ reply: 'y', address: null, threads: 0 })
  })

  it('close cuts off what is left after gracefulTimeout', async () => {
    expect(await run('destroy')).toEqual([0, 0, 0])
  })

  it('close ends a handler that never ends by itself', async () => {
    expect(await run('hang')).toBe(0)
  })

  it('closeAllConnections cuts them off, and the server goes on', async () => {
    expect(await run('close-all')).toEqual(['next'])
  })

  it.skipIf(!hasStrace)('a thread that cannot be made: it begins with those there are, and grows', async () => {
    const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=clone3', '-e', 'signal=none']
    const fault = ['-e', 'inject=clone3:error=EAGAIN:when=60..61']
    const seen = { code: 'EAGAIN', begun: 1, reply: 'x', restarts: 1 }
    expect(await run('eagain', { under: [...under, ...fault] })).toEqual(seen)
  })

  it('a fork does not disturb it, and the child may exit', async () => {
    expect(await run('fork')).toEqual([7, 'after'])
  })

  it.each([
    ['exit-waiting', 0],
    ['exit-thrown', 1],
  ])('Node may exit while isolates wait in accept and in read: %s', async (name, status) => {
    const { code, signal, left } = await endOf('isolates-life', name)
    expect({ code, signal, left }).toEqual({ code: status, signal: null, left: [] })
  })

  it('a Worker that is terminated takes its isolates with it', async () => {
    const { report, code, signal } = await endOf('isolates-life', 'exit-worker')
    expect({ report: report?.result, code, signal }).toEqual({ report: 'ended', code: 0, signal: null })
  })
})

describe('a module with http', () => {
  it('one that dies costs its own connections and is replaced', async () => {
    expect(await run('http-crash')).toEqual({
      ...{ crashed: 'ECONNRESET', errors: 1, active: 0 },
      next: 'GET /next by an isolate',
    })
  })

  it('close cuts off what is left after gracefulTimeout', async () => {
    expect(await run('http-destroy')).toEqual({ never: 'ECONNRESET', active: 0 })
  })
})
