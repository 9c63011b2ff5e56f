// Terminals (termios.h, pty.h) and inotify, from outside.
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('terminals', name)

it('openpty and termios: a terminal cooked and raw', async () => {
  expect(await run('termios')).toEqual({
    ...{ cloexec: [1, 1], size: [24, 80], name: true, cookedOut: 'a\r\n', rawOut: 'a\n', rawIn: '\x03' },
    ...{ echo: true, cc: [1, 0], left: 0, back: true },
    codes: [
      ...['ENOTTY', 'EINVAL', 'ERR_OUT_OF_RANGE', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE', 'ENOTTY', 'ENOTTY'],
      ...['ENOTTY', 'ENOTTY', 'ENOTTY', 'ERR_OUT_OF_RANGE'],
    ],
  })
})

it('forkpty: a child leads a session with the terminal as its own', async () => {
  expect(await run('forkpty')).toEqual({ text: 'true true 10', status: 5, code: 'ERR_OUT_OF_RANGE' })
})

it('inotify hears of files and folders; names that are no UTF-8 are bytes', async () => {
  expect(await run('inotify')).toEqual({
    ...{ cloexec: 1, none: null, names: ['one', 'sub', 'one', 'two'], isFolder: true, cookies: 1, same: true },
    ...{ isOdd: true, late: 'TimeoutError', last: [true], cut: 0 },
    codes: [
      ...['EINVAL', 'ENOENT', 'EINVAL', 'EINVAL', 'ERR_INVALID_ARG_TYPE', 'EINVAL', 'EINVAL', 'ERR_INVALID_ARG_TYPE'],
      'EINVAL',
    ],
  })
})
