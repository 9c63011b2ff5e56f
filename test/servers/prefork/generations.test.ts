// What prefork workers are forked from: reload, refork from a warm worker, and the hooks of both (test/fixtures/generations.ts).
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const fixture = (name: string) => runFixture<unknown>('generations', name, { timeout: 25_000 })

describe('refork', () => {
  it('forks all workers from the one that has served most; they are the master’s children, and have what it has', async () => {
    expect(await fixture('refork')).toEqual({
      others: true,
      known: true,
      said: ['master warm'],
      generations: [
        [2, 'online'],
        [2, 'online'],
      ],
      cold: 'master nothing',
    })
  })

  it('goes on for those that are replaced or added later', async () => {
    expect(await fixture('moldForks')).toEqual({ said: ['master warm', 'master warm'], generations: [2, 2] })
  })

  it('ends with the mold: then the master forks again', async () => {
    expect(await fixture('moldDies')).toEqual({ goesOn: 'master warm', then: 'master nothing' })
  })

  it('leaves workers the children that they fork', async () => {
    expect(await fixture('ownChildren')).toBe('7')
  })

  it('five times under load loses no request (http)', async () => {
    expect(await fixture('reforkHttp')).toEqual({ failed: 0, enough: true, generations: [6, 6], gone: true })
  })

  it('comes by itself after so many requests', async () => {
    expect(await fixture('reforkAfter')).toEqual({ failed: 0, enough: true })
  })

  it('wants a worker that serves', async () => {
    expect(await fixture('noWarmOne')).toEqual({ none: 'ERR_POSIX_ASYNC_WORKER', reply: 'x' })
  })
})

it('a reload that fails half-way leaves no worker of the new generation', async () => {
  expect(await fixture('goesBack')).toEqual({
    message: 'worker 1 could not start: not twice',
    replies: ['x', 'x', 'x'],
    generations: [3, 1],
  })
})

it('hooks of the master are events too', async () => {
  const born = ['beforeFork', 'afterWorkerFork', 'afterWorkerReady']
  expect(await fixture('hooksAreEvents')).toEqual({
    hooks: ['afterWorkerExit', 'onReload', 'workersChanged 0', 'workersChanged 1'],
    events: ['onReload', ...born, 'afterWorkerExit', 'afterWorkerExit'],
  })
})

it('close() with blockOnClose: false does not wait for those who serve on', async () => {
  expect(await fixture('doesNotBlock')).toEqual({ goesOn: true, gone: true })
})
