// Readiness is looked at once, and what it told is what is heard: events that a look consumes, hang-ups that last, terminals that nobody reads.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('told-events', name, { timeout: 20_000 })
const mayMount = spawnSync('unshare', ['-m', 'true']).status === 0 && process.getuid?.() === 0
const inOwn = (name: string): Promise<unknown> =>
  runFixture('told-events', name, { under: ['unshare', '-m'], timeout: 20_000 })
const hasTerminals = spawnSync('python3', ['-c', 'import pty; pty.openpty()']).status === 0

describe.skipIf(!mayMount)('an event that a look consumes (skipped where nothing may be mounted)', () => {
  it('is told by Epoll, each time (Python and C: 6 of 6)', async () => {
    expect(await inOwn('mounts-epoll')).toEqual([6, true])
  })

  it('is told by Epoll, edge-triggered', async () => {
    expect(await inOwn('mounts-edge')).toBe(3)
  })

  it('is told by pollAsync and selectAsync, with all that was told in revents', async () => {
    expect(await inOwn('mounts-async')).toEqual([...Array(3).fill([1, true, 1]).flat(), 0, 1])
  })

  it('is told by epoll_waitAsync, and is not lost to a wait that was given up', async () => {
    expect(await inOwn('mounts-wait')).toEqual([[7], [7], [7], [7], 'STOP', [], 1, 'EBADF'])
  })

  it('is told by epoll_waitAsync of an instance by a number that epoll_ctl here has not heard of', async () => {
    expect(await inOwn('mounts-duplicate')).toBe(4)
  })

  it('stays the parent’s over a fork', async () => {
    expect(await inOwn('mounts-fork')).toBe(40)
  })
})

describe('a hang-up that was not asked for', () => {
  it('keeps no waiting call busy', async () => {
    const names = ['except, hung up', 'except, no reader', 'except, socket hung up', 'write of a read end', 'selector']
    expect(await run('quiet')).toEqual([names, [1, 1, 1]])
  })

  it('does not hide what was', async () => {
    expect(await run('quiet-mixed')).toEqual([1, 0, 0, 0])
  })
})

describe.skipIf(!hasTerminals)('a terminal', () => {
  it('that nobody reads does not stop the event loop', async () => {
    const results = ['cooked 0', 'cooked 1', 'raw 0', 'raw 1'].map((name) => `${name} 50 true true`)
    expect(await run('terminal-write')).toEqual(results)
  })

  it('that nobody reads can be given up', async () => {
    expect(await run('terminal-abort')).toBe(true)
  })

  it('with VMIN and VTIME gives what there is', async () => {
    expect(await run('terminal-read')).toBe(1)
  })

  it('that is hung up is at its end, after all data', async () => {
    expect(await run('terminal-end')).toEqual([true, [], 'EBADF'])
  })
})

describe('what is refused is refused at once, and nothing is left', () => {
  it('reads and writes too short for an eventfd, a timerfd, a signalfd', async () => {
    expect(await run('too-short')).toEqual(['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'])
  })

  it('FdStream with a signal that is aborted already', async () => {
    expect(await run('aborted-stream')).toEqual(['AbortError', 'EBADF'])
  })

  it('Epoll.add with what is no descriptor, and no events', async () => {
    expect(await run('refused-add')).toEqual([
      'ERR_INVALID_ARG_TYPE',
      'ERR_OUT_OF_RANGE',
      'ERR_INVALID_ARG_TYPE',
      'EBADF',
    ])
  })

  it('aio_read of a closed descriptor: aio_error and aio_return say so too', async () => {
    expect(await run('aio-refused')).toEqual(['EBADF', true, 'EBADF'])
  })

  it('selectors: an object is found after it has closed, the map is read-only, a refused modify unregisters', async () => {
    const [select, poll, epoll] = [
      ['ok', 1],
      ['ok', 1],
      ['EBADF', 0],
    ].map((end) => [true, true, 1, ...end])
    expect(await run('selector-keys')).toEqual([...select!, ...poll!, ...epoll!])
  })

  it('eventfd_read, eventfd_write, timerfd_read, signalfd_read of what is none, and nothing is taken from it', async () => {
    const codes = ['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL', 'EBADF']
    expect(await run('wrong-kind')).toEqual([codes, 256, '1'])
  })

  it('options that are none, and signals that are none, wherever something waits', async () => {
    expect(await run('bad-options')).toEqual(['ERR_INVALID_ARG_TYPE'])
  })

  it('WIFEXITED of a bigint', async () => {
    expect(await run('wait-macros')).toBe('ERR_INVALID_ARG_TYPE')
  })
})

describe('order and names', () => {
  it('aio_write: appends, and writes to a pipe, land in the order of the calls', async () => {
    expect(await run('append-order')).toEqual([0, 'ab'])
  })

  it('abstract names are bytes', async () => {
    expect(await run('abstract-names')).toEqual(['string', true, 5])
  })
})
