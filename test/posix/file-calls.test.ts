// Files by their ranges, locks, kinds and names (fcntl.h, sys/file.h, sys/stat.h, sys/uio.h, memfd_create), from outside.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('file-calls', name)

describe('sys/uio.h', () => {
  it('readv and writev move several pieces by one call, with a position and flags too', async () => {
    expect(await run('scattered')).toEqual({
      ...{ written: 5, at: 3, read: 5, first: 'aXYZe', end: 0, some: 2, placed: 'Ze', own: 0 },
      ...{ appended: 1, size: 6, bad: 'ENOTSUP' },
    })
  })

  it('readvAsync and writevAsync wait without blocking, and leave in the kernel what a buffer that is gone cannot take', async () => {
    expect(await run('scattered-async')).toEqual({
      ...{ sent: 6, got: 6, read: 'abcdef', code: 'ERR_INVALID_STATE', left: 5, late: 'TimeoutError' },
    })
  })
})

it('memfd_create and its seals', async () => {
  expect(await run('seals')).toEqual({
    seals: 14,
    codes: ['EPERM', 'EPERM', 'EPERM', 'EINVAL', 'ERR_INVALID_ARG_VALUE'],
    cloexec: 1,
    name: 'fixed',
  })
})

it('copy_file_range, fallocate with holes, posix_fadvise, fdatasync', async () => {
  expect(await run('ranges')).toEqual({
    ...{ copied: 3, end: 0, grown: 4096, size: '4096n', blocks: '0n' },
    codes: [...['EINVAL', 'ERR_OUT_OF_RANGE', 'ESPIPE', 'ESPIPE', 'EINVAL', 'EINVAL', 'EINVAL', 'ERR_OUT_OF_RANGE']],
  })
})

it('tee copies what a pipe holds and leaves it there', async () => {
  expect(await run('tee')).toEqual({
    ...{ none: null, copied: 5, read: [5, 5], text: ['twice', 'twice'], end: 0, codes: ['EINVAL', 'EBADF'] },
  })
})

describe('locks', () => {
  it('flock belongs to the open file, which a forked child shares', async () => {
    expect(await run('flock')).toEqual({ mine: true, other: null, child: 7, then: true, codes: ['EBADF', 'EINVAL'] })
  })

  it('lockf belongs to the process, and a forked child has none', async () => {
    expect(await run('lockf')).toEqual({
      ...{ locked: true, again: true, child: 9, unlocked: true, free: 9, codes: ['EBADF', 'EINVAL'] },
    })
  })
})

it('fstat is exact, also beyond what a number holds', async () => {
  expect(await run('fstat')).toEqual({ same: [], times: true, kindsAre: true, large: true, code: 'EBADF' })
})

it('names that are no UTF-8, and relative to a folder', async () => {
  expect(await run('names')).toEqual({
    listed: ['f\xff\xfe', 'fifo', 'plain', 'socket', '\xfd'].sort(),
    modes: [true, true, true],
    gone: 'ENOENT',
    codes: [
      ...['ENOENT', 'EBADF', 'EEXIST', 'EPERM', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_VALUE'],
      ...['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE'],
    ],
  })
})

it('close_range makes a range close-on-exec, and closes nothing that the runtime lives on', async () => {
  expect(await run('close-range')).toEqual({
    flags: [1, 1, 0],
    codes: ['EINVAL', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE'],
  })
})
