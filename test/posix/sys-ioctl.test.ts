// ioctl: the requests that are let through, and no other; fchmod.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

describe('ioctl', () => {
  it('FIONREAD: how many bytes can be read', async () => {
    expect(await runFixture('ioctls', 'bytes-there')).toEqual([0, 5, 'EBADF'])
  })

  it('TIOCGWINSZ and TIOCSWINSZ: a terminal’s size; other requests are refused', async () => {
    expect(await runFixture('ioctls', 'window')).toEqual({
      first: { row: 0, col: 0, xpixel: 0, ypixel: 0 },
      set: 0,
      then: { row: 24, col: 80, xpixel: 0, ypixel: 0 },
      queued: 0,
      codes: [
        ...[
          'ERR_INVALID_ARG_TYPE',
          'ERR_OUT_OF_RANGE',
          'ERR_OUT_OF_RANGE',
          'ERR_INVALID_ARG_VALUE',
          'ERR_OUT_OF_RANGE',
        ],
        'ENOTTY',
      ],
    })
  })
})

describe('fchmod', () => {
  it('sets permissions past the umask', async () => {
    expect(await runFixture('ioctls', 'modes')).toEqual([0o4755, ['EBADF', 'ERR_OUT_OF_RANGE']])
  })
})
