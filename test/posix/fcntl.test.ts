// fcntl.h's record locks between processes; FIFOs, the umask and truncation.
import { expect, describe, it } from 'vitest'
import { F_RDLCK, F_UNLCK, F_WRLCK, SEEK_SET } from 'posix-async/posix'
import { runFixture } from '../support/run-fixture.js'

describe('record locks', () => {
  it('a child sees who holds a range, is refused it with null, and takes what is beside it', async () => {
    const lock = { type: F_WRLCK, start: 10, len: 5 }
    const pid = expect.any(Number) as number
    expect(await runFixture('files', 'locks')).toEqual({
      mine: lock,
      own: { type: F_UNLCK },
      child: { holder: { ...lock, whence: SEEK_SET, pid }, overlapping: null, beside: true, isMine: true },
      released: { ...lock, type: F_UNLCK },
      free: true,
    })
    expect(F_RDLCK).not.toBe(F_WRLCK)
  })

  it('F_SETLKW waits until the other process lets go', async () => {
    expect(await runFixture('files', 'lockWait')).toBe('parent child')
  })

  it('two that wait for each other: one is EDEADLK', async () => {
    expect(await runFixture('files', 'deadlock')).toBe(1)
  })

  it('locks of an open file are its own, and inherited', async () => {
    expect(await runFixture('files', 'openFileLocks')).toEqual({
      same: true,
      other: null,
      holder: { type: F_WRLCK, whence: SEEK_SET, start: 0, len: 4, pid: -1 },
      inherited: true,
      none: 'ERR_INVALID_ARG_TYPE',
      wrong: 'EINVAL',
      fraction: 'ERR_OUT_OF_RANGE',
      closed: 'EBADF',
    })
  })
})

describe('files', () => {
  it('mkfifo obeys mode and umask, and errors tell the path', async () => {
    expect(await runFixture('files', 'fifo')).toEqual({
      mask: 0o027,
      mode: '10640',
      again: "EEXIST: file already exists, mkfifo '/fifo'",
      text: 'named',
      gone: "ENOENT: no such file or directory, unlink '/fifo'",
      left: [],
    })
  })

  it('ftruncate cuts, and lengthens with zeros', async () => {
    expect(await runFixture('files', 'truncate')).toEqual({
      text: 'he\0\0',
      terminals: [false, false],
      pipe: 'EINVAL',
    })
  })
})
