// The Epoll class, which stands in for the npm package `epoll`.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('epoll-class', name)

describe('Epoll', () => {
  it('A26 (fivdi/epoll do-nothing): watchers that were never used do not keep the process alive', async () => {
    expect(await run('do nothing')).toEqual([false, false])
  })

  it('A26 (fivdi/epoll do-almost-nothing): nor do those whose descriptor was removed, and nothing is left of them', async () => {
    expect(await run('do almost nothing')).toBe(false)
  })

  it('(fivdi/epoll closed) tells whether it was closed, and may be closed again', async () => {
    const after = Array(3).fill('Error ERR_INVALID_STATE')
    expect(await run('closed')).toEqual({ before: false, closed: true, after })
  })

  it('(fivdi/epoll one-shot, two-shot) EPOLLONESHOT fires once, and once more after modify', async () => {
    const event = [0, 0, 1]
    expect(await run('shots')).toEqual({ one: 1, events: [event, event] })
  })

  it('(fivdi/epoll verify-events) takes every type of event, alone and combined', async () => {
    expect(await run('all types')).toBe(8)
  })

  it('(fivdi/epoll brute-force-leak-check) 2,000 instances of one event each leave nothing', async () => {
    expect(await run('many')).toBe(2000)
  })

  it('is level-triggered, or edge-triggered with EPOLLET; after close nothing comes', async () => {
    expect(await run('level and edge')).toEqual({ first: 1, after: 0 })
  })

  it('what was removed in a callback is not heard of, though it was ready in the same batch', async () => {
    expect(await run('removed')).toBe(2)
  })

  it('what a callback throws is an uncaughtException, and the others of the batch are heard', async () => {
    expect(await run('throws')).toBe('thrown')
  })

  it('each error of epoll_ctl has its code, and so has each bad argument', async () => {
    const ctl = (code: string) => `ErrnoError ${code} epoll_ctl`
    const type = 'TypeError ERR_INVALID_ARG_TYPE'
    const kernel = [ctl('EEXIST'), ctl('EPERM'), ctl('EBADF'), ctl('ENOENT'), ctl('ENOENT')]
    expect(await run('errors')).toEqual([...kernel, type, type, type])
  })

  it('in the child of a fork it watches nothing, works anew, and takes nothing from the parent', async () => {
    const child = { removed: 'ErrnoError ENOENT epoll_ctl', heard: 1 }
    expect(await run('fork')).toEqual({ child, heard: 1, status: 0 })
  })

  it('calls back in the asynchronous context in which it was made', async () => {
    expect(await run('context')).toBe('where it was made')
  })
})
