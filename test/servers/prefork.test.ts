// forkServer with workers, each case a program of its own (test/fixtures/prefork.ts).
import { describe, expect, it } from 'vitest'
import { runFixture, type FixtureOptions } from '../support/run-fixture.js'

const fixture = (name: string, args: string[] = [], options: FixtureOptions = {}) =>
  runFixture<unknown>('prefork', name, { args, timeout: 25_000, ...options })

describe('workers', () => {
  it('share 200 connections', async () => {
    expect(await fixture('share')).toEqual({ strangers: 0, several: true, accepted: 200, served: 200 })
  })

  it('serve with a native handler', async () => {
    expect(await fixture('nativeShare')).toBe('hello')
  })

  it('that are idle end at once with the server', async () => {
    expect(await fixture('idleStop')).toEqual({
      exits: [
        [0, null],
        [0, null],
        [0, null],
      ],
      gone: true,
    })
  })

  it('finish what was begun before close(), and the port is free at once', async () => {
    expect(await fixture('drain')).toEqual({ late: 'ECONNREFUSED', reply: 'finish me' })
  })

  it('A53 (gunicorn test_arbiter: test_reap_killed_by_sigkill): one that is killed is told of by its signal and replaced; the others go on', async () => {
    expect(await fixture('A53')).toEqual({
      exits: [[true, 'dead', null, 'SIGKILL']],
      sameId: true,
      newPid: true,
      goesOn: 'still',
      reply: 'x',
      restarts: 1,
    })
  })
})
