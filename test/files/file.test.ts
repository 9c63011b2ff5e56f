// File and the functions beside it: the shape of node:fs/promises, by io_uring, and the same where that is refused.
import { describe, expect, it } from 'vitest'
import { noRing, whyNoRing } from '../support/io-uring.js'
import { runFixture, type FixtureOptions } from '../support/run-fixture.js'
import { cannotTrace } from '../support/strace.js'

const refused = ['strace', '-f', '-qq', '--seccomp-bpf', '-o', '/dev/null']
const under = [...refused, '-e', 'trace=io_uring_setup', '-e', 'inject=io_uring_setup:error=EPERM']

describe.each([
  [`io_uring${whyNoRing}`, noRing, {}],
  ['threads, where io_uring is refused (A50: liburing probe.c)', cannotTrace !== undefined, { under }],
] as [string, boolean, FixtureOptions][])('%s', (_, skip, options) => {
  const run = (name: string, more: FixtureOptions = {}): Promise<unknown> =>
    runFixture('files-api', name, { ...options, ...more })

  it.skipIf(skip)('read, write, stat, sync, truncate, close', async () => {
    expect(await run('handle')).toEqual({
      ...{ written: [6, 5, 1], text: '.Jello there........', counts: [11, 0, 2], rest: '\0th\0', size: 5 },
      closed: [-1, 'EBADF', 'EBADF'],
    })
  })

  it.skipIf(skip)('readv, writev, appendFile', async () => {
    expect(await run('vectors')).toEqual({
      ...{ bytesWritten: 5, bytesRead: 6, text: 'abcdefg!?', end: 0, buffers: ['bcd', 'efg......'] },
    })
  })

  it.skipIf(skip)('readFile, writeFile, copyFile, stat: large, text, appended, empty, of the kernel', async () => {
    expect(await run('whole')).toEqual({
      ...{ same: [true, true], mode: 0o600, exclusive: 'EEXIST', text: 'grüße', appended: 'abcd', empty: 0 },
      ...{ kernel: true, stat: true },
    })
  })

  it.skipIf(skip)('readFile of every size, and of pipes', async () => {
    const all = Array(8).fill(true) as boolean[]
    expect(await run('sizes')).toEqual({ read: all, both: 'one other true', pipes: all.slice(4) })
  })

  it.skipIf(skip)('O_DIRECT, whatever the length and the buffers', async () => {
    const result = { same: true, counts: [8192, 4096], right: true, odd: 'EINVAL' }
    expect([result, { skipped: 'EINVAL' }]).toContainEqual(await run('direct')) // not every file system has it
  })

  it.skipIf(skip)('errors are ErrnoErrors with the path, or node’s own for bad arguments', async () => {
    expect(await run('errors')).toEqual({
      missing: ['ENOENT', true],
      codes: [
        ...['EISDIR', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE'],
        ...['ENOSPC', 'STOP', 'EEXIST', 'what is there'],
      ],
    })
  })

  it.skipIf(skip)('close waits for what is under way, and refuses what is new', async () => {
    expect(await run('closing')).toEqual(['EBADF', true])
  })

  it.skipIf(skip)('works while libuv’s pool is blocked', async () => {
    expect(await run('pool', { env: { UV_THREADPOOL_SIZE: '1' } })).toEqual({ text: 'content', size: 7 })
  })

  it.skipIf(skip)('works in a forked child', async () => {
    expect(await run('forked')).toEqual([42, 'of the child'])
  })
})

describe(`a signal${whyNoRing}`, () => {
  it.skipIf(noRing)('cancels a read under way', async () => {
    expect(await runFixture('files-api', 'abort')).toBe('STOP')
  })
})
