// sys/socket.h: every address family, options, errors before and from the kernel, descriptors and credentials passed along.
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { AF_INET, AF_INET6, AF_UNIX } from 'posix-async/posix'
import { runFixture } from '../support/run-fixture.js'

interface Thrown {
  code: string
  message: string
}
type Errors = Record<string, Thrown>

const kernel = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')
const firstFreePort = Number(kernel('/proc/sys/net/ipv4/ip_unprivileged_port_start'))
const hasInet6 = kernel('/proc/net/if_inet6').includes('00000000000000000000000000000001')

const met = { connected: 0, isPeer: true, isClient: true, nonBlocking: null, echo: 'hello' }
const port = expect.any(Number) as number

describe('addresses', () => {
  it('IPv4: bind, connect, accept4 and both names agree', async () => {
    const address = { family: AF_INET, address: '127.0.0.1', port }
    expect(await runFixture('sockets', 'inet')).toEqual({ ...met, bound: address, address })
  })

  it.runIf(hasInet6)('IPv6: the same', async () => {
    const address = { family: AF_INET6, address: '::1', port }
    expect(await runFixture('sockets', 'inet6')).toEqual({ ...met, bound: address, address })
  })

  it('a Unix path: the same, and the client has no name', async () => {
    const seen = await runFixture<{ folder: string }>('sockets', 'unix')
    const bound = { family: AF_UNIX, path: `${seen.folder}/socket` }
    expect(seen).toEqual({ ...met, folder: seen.folder, bound, address: { family: AF_UNIX, path: '' } })
  })

  it('an abstract name: the same', async () => {
    const bound = { family: AF_UNIX, path: expect.stringMatching(/^\0posix-async-\d+$/) as string }
    expect(await runFixture('sockets', 'abstract')).toEqual({ ...met, bound, address: { family: AF_UNIX, path: '' } })
  })

  it('no Unix name: the kernel chooses one', async () => {
    const bound = { family: AF_UNIX, path: expect.stringMatching(/^\0[0-9a-f]{5}$/) as string }
    expect(await runFixture('sockets', 'autobind')).toEqual({ ...met, bound, address: { family: AF_UNIX, path: '' } })
  })

  it.runIf(hasInet6)('an IPv6 scope reaches the kernel', async () => {
    const peer = { family: AF_INET6, address: '::1', port: 9 }
    expect(await runFixture('sockets', 'scope')).toEqual({ without: 'EINVAL', reachedKernel: true, peer })
  })

  it('two addresses asked for one after the other are two', async () => {
    expect(await runFixture('sockets', 'twoAddresses')).toEqual([true, true])
  })
})

describe('errors', () => {
  it('EADDRINUSE tells address and port', async () => {
    const seen = await runFixture<{ port: number; error: Thrown }>('sockets', 'addressInUse')
    expect(seen.error).toMatchObject({
      code: 'EADDRINUSE',
      errno: -constants.errno.EADDRINUSE,
      syscall: 'bind',
      message: `EADDRINUSE: address already in use, bind 127.0.0.1:${seen.port}`,
    })
  })

  it('ECONNREFUSED tells address and port', async () => {
    const seen = await runFixture<{ port: number; error: Thrown }>('sockets', 'refused')
    expect(seen.error.message).toBe(`ECONNREFUSED: connection refused, connect 127.0.0.1:${seen.port}`)
  })

  it('a non-blocking connect that goes on is null, as is an empty queue of connections', async () => {
    expect(await runFixture('sockets', 'inProgress')).toEqual({ first: null, ended: 0, nobody: null })
  })

  it.runIf(process.getuid?.() === 0 && firstFreePort > 80)('EACCES for a privileged port, as uid 65534', async () => {
    const under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all']
    const error = await runFixture<Thrown>('sockets', 'privileged', { under })
    expect(error.message).toBe('EACCES: permission denied, bind 127.0.0.1:80')
  })

  it('a Unix path of 107 bytes is bound, a longer one is ENAMETOOLONG and never cut short', async () => {
    const seen = await runFixture<Errors>('sockets', 'unixErrors')
    expect(seen['longest']).toEqual({})
    expect(seen['longestAbstract']).toEqual({})
    expect(seen['tooLong']).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'bind' })
    expect(seen['tooLongAbstract']).toMatchObject({ code: 'ENAMETOOLONG', syscall: 'bind' })
    expect(seen['missingFolder']?.message).toMatch(/^ENOENT: no such file or directory, bind '.*\/none\/s'$/)
    expect(seen['nobody']?.message).toBe("ECONNREFUSED: connection refused, connect '@nobody'")
  })

  it('bad arguments are refused before the system call', async () => {
    const seen = await runFixture<Errors>('sockets', 'badArguments')
    const codes = Object.fromEntries(Object.entries(seen).map(([name, { code }]) => [name, code]))
    expect(codes).toEqual({
      noAddress: 'ERR_INVALID_ARG_TYPE',
      name: 'ERR_INVALID_ARG_VALUE',
      inet6InInet: 'ERR_INVALID_ARG_VALUE',
      nul: 'ERR_INVALID_ARG_VALUE',
      port: 'ERR_OUT_OF_RANGE',
      textPort: 'ERR_INVALID_ARG_TYPE',
      nothing: 'ERR_INVALID_ARG_TYPE',
      innerNul: 'ERR_INVALID_ARG_VALUE',
      negativeFd: 'ERR_OUT_OF_RANGE',
      textFd: 'ERR_INVALID_ARG_TYPE',
      hugeFd: 'ERR_OUT_OF_RANGE',
      notSocket: 'ENOTSOCK',
      closedFd: 'EBADF',
      detached: 'ERR_INVALID_STATE',
      offset: 'ERR_OUT_OF_RANGE',
      length: 'ERR_OUT_OF_RANGE',
    })
  })
})

describe('options', () => {
  it('ints, lingering, times, names and raw structures are set and read back', async () => {
    expect(await runFixture('sockets', 'options')).toEqual({
      before: [0, { onoff: false, linger: 0 }, 0],
      after: [1, { onoff: true, linger: 3 }, 20_000],
      noDelay: 1,
      congestion: 'reno',
      domain: true,
      device: '',
      noDevice: 'ENODEV',
      info: 8,
      unknown: 'ENOPROTOOPT',
      fraction: 'ERR_OUT_OF_RANGE',
      negativeTime: 'ERR_OUT_OF_RANGE',
    })
  })

  it('a receive with a time limit is null at its end', async () => {
    expect(await runFixture('sockets', 'timeLimit')).toBe(null)
  })
})

describe('data', () => {
  it('half-close: the other direction goes on, and sending is EPIPE without SIGPIPE', async () => {
    const { end, back, broken } = await runFixture<{ end: number; back: string; broken: Thrown }>(
      'sockets',
      'halfClose',
    )
    expect({ end, back, code: broken.code }).toEqual({ end: 0, back: 'hello', code: 'EPIPE' })
  })

  it('datagrams come with their sender, and MSG_TRUNC says that one was cut', async () => {
    const result = { none: null, sent: 5, bytes: 3, text: 'hel', isSender: true, cut: true }
    expect(await runFixture('sockets', 'datagrams')).toEqual(result)
  })
})

describe('messages', () => {
  it('SCM_RIGHTS: descriptors arrive open, and close-on-exec', async () => {
    expect(await runFixture('socket-messages', 'descriptors')).toEqual({
      sent: 4,
      bytes: 4,
      text: 'through the copy',
      pieces: ['abc', 'd\0\0\0\0\0\0\0'],
      closeOnExec: true,
      credentials: null,
      flags: 0,
      address: null,
    })
  })

  it('SCM_RIGHTS: 253 descriptors in one message, one more is refused, and none is lost in silence', async () => {
    expect(await runFixture('socket-messages', 'manyDescriptors')).toEqual({
      count: 253,
      flags: 0,
      tooMany: 'ERR_OUT_OF_RANGE',
      lost: 'ERR_INVALID_ARG_VALUE',
      closed: 'EBADF',
      none: null,
    })
  })

  it('SCM_CREDENTIALS: who sends, added by the kernel or sent, and nobody else', async () => {
    const seen = await runFixture<Record<string, unknown>>('socket-messages', 'credentials')
    expect(seen).toEqual({
      own: seen['own'],
      added: seen['own'],
      sent: seen['own'],
      peer: seen['own'],
      nobody: 'ESRCH',
    })
  })

  it('SCM_CREDENTIALS: the pid of a forked child', async () => {
    expect(await runFixture('socket-messages', 'credentialsOfChild')).toBe(true)
  })
})
