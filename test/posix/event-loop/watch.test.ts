// Readiness that comes to the event loop: Watch and whenReady, on which everything asynchronous stands.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('watching', name)
const POLLIN = 1
const POLLOUT = 4
const POLLNVAL = 32

describe('a descriptor that is closed', () => {
  it('A62 (libuv closed_fd_events): while another process has it open, nothing more is heard of it, and the loop rests', async () => {
    expect(await run('A62')).toEqual({ heard: [POLLNVAL], calm: true, status: 0 })
  })

  it('A62 (libuv closed_fd_events): the same after its watch was closed', async () => {
    expect(await run('A62 watch closed')).toEqual({ heard: 0, calm: true, status: 0 })
  })

  it('closed behind our back while another process has it open: the loop rests as soon as its watch is closed', async () => {
    expect(await run('A62 behind our back')).toEqual({ heard: [POLLIN], calm: true, status: 0 })
  })

  it('rejects who waits with EBADF, once, and does not hand him the events of the next file of that number', async () => {
    const waits = ['ErrnoError EBADF poll', 'ErrnoError EBADF poll']
    expect(await run('closed while pending')).toEqual({
      same: true,
      waits,
      next: POLLIN,
      events: [POLLNVAL],
      closed: true,
    })
  })

  it('is noticed, even when closed behind our back, as soon as its number is waited for again', async () => {
    expect(await run('number reused')).toEqual({ same: true, old: 'ErrnoError EBADF poll', next: POLLIN })
  })
})

describe('watching', () => {
  it('several watch one descriptor; each may pause, resume and close', async () => {
    const paused = ['first', 'once 1']
    expect(await run('one descriptor')).toEqual({ paused, resumed: true, inherited: POLLIN, hangUp: true })
  })

  it('a thousand ready descriptors enter JavaScript once', async () => {
    expect(await run('batch')).toEqual({ calls: 1, size: 1000, most: 1 })
  })

  it('what a callback throws is an uncaughtException, and the others of the batch are heard', async () => {
    expect(await run('throws')).toEqual(['second', 'uncaughtException thrown', 'microtask'])
  })

  it('timers and events that never end do not keep each other from their turn', async () => {
    expect(await run('timers')).toEqual({ after: 0 })
  })

  it('what is unreferenced lets the process end', async () => {
    expect(await run('unref')).toEqual({ closed: false })
  })
})

describe('waiting', () => {
  it('gives 0 when the time is over, and the events where the loop was too busy to hear of them in time', async () => {
    expect(await run('timeout')).toEqual({ none: 0, found: POLLIN })
  })

  it('rejects with the reason of its signal, and leaves nothing behind', async () => {
    expect(await run('abort')).toEqual({ aborted: 'AbortError 20', own: true, next: POLLIN })
  })

  it('a file cannot be watched, and is always ready; bad arguments have their codes', async () => {
    expect(await run('refused')).toEqual({
      watch: 'ErrnoError EPERM epoll_ctl',
      ready: POLLIN | POLLOUT,
      closed: 'ErrnoError EBADF poll',
      type: 'TypeError ERR_INVALID_ARG_TYPE',
      range: 'RangeError ERR_OUT_OF_RANGE',
    })
  })
})

describe('elsewhere', () => {
  it('works in a Worker, which can be terminated while it waits', async () => {
    expect(await run('worker')).toEqual(['waiting', 'hello'])
  })

  it('in the child of a fork the parent’s watches are silent and its own work, and the parent’s go on', async () => {
    expect(await run('fork')).toEqual({
      child: { revents: POLLIN, heard: [], closed: false },
      parent: true,
      status: 0,
    })
  })
})
