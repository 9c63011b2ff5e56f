// ErrnoError: right for every errno of the system, in the shape of Node's own errors.
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { check, checkOrNull, ErrnoError, errnoCode } from '../lib/errors.js'

const table = Object.entries(constants.errno)
// Two names for one number; the second is the one that Node.js and strerror use.
const aliases: Record<string, string> = { EWOULDBLOCK: 'EAGAIN', EOPNOTSUPP: 'ENOTSUP', EDEADLOCK: 'EDEADLK' }

const thrown = (call: () => unknown): ErrnoError => {
  try {
    call()
  } catch (error) {
    if (error instanceof ErrnoError) return error
  }
  throw new Error('no ErrnoError')
}

describe('ErrnoError', () => {
  it.each(table)('%s (%i): code, negative errno, syscall, and a message that says what it is', (name, number) => {
    const code = aliases[name] ?? name
    for (const sign of [1, -1]) {
      const error = new ErrnoError(sign * number, 'read')
      expect(error).toMatchObject({ name: 'ErrnoError', code, errno: -number, syscall: 'read' })
      expect(error.message).toMatch(new RegExp(`^${code}: [a-z].{3,}, read$`))
      expect(error.message).not.toContain('unknown')
    }
  })

  it('ECHILD, which libuv does not know, has its name', () => {
    expect(errnoCode(-constants.errno.ECHILD)).toBe('ECHILD')
    expect(new ErrnoError(constants.errno.ECHILD, 'waitpid').message).toBe('ECHILD: no child processes, waitpid')
  })

  it('a number without a name keeps the number', () => {
    expect(new ErrnoError(4000, 'ioctl')).toMatchObject({ code: 'UNKNOWN(4000)', errno: -4000 })
  })

  it.each([
    [{ address: '127.0.0.1', port: 2999 }, 'bind 127.0.0.1:2999'],
    [{ address: '::1', port: 2999 }, 'bind [::1]:2999'],
    [{ address: 'example.org' }, 'bind example.org'],
    [{ port: 2999 }, 'bind port 2999'],
    [{ path: '/run/socket' }, "bind '/run/socket'"],
    [{ path: '\0name' }, "bind '@name'"],
    [{}, 'bind'],
  ])('tells where it happened: %j', (details, text) => {
    const error = new ErrnoError(constants.errno.EADDRINUSE, 'bind', details)
    expect(error.message).toBe(`EADDRINUSE: address already in use, ${text}`)
    expect({ ...error }).toEqual({
      code: 'EADDRINUSE',
      errno: -constants.errno.EADDRINUSE,
      syscall: 'bind',
      ...details,
    })
  })

  it('check gives results and throws errors; checkOrNull gives null where it would block', () => {
    const { EAGAIN, EPIPE } = constants.errno
    expect([check(0, 'read'), check(7, 'read'), checkOrNull(7, 'read'), checkOrNull(-EAGAIN, 'read')]).toEqual([
      0,
      7,
      7,
      null,
    ])
    expect(thrown(() => check(-EAGAIN, 'read')).code).toBe('EAGAIN')
    expect(thrown(() => checkOrNull(-EPIPE, 'write')).code).toBe('EPIPE')
  })
})
