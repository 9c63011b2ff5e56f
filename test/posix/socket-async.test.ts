// Sockets as promises, sendmmsg and recvmmsg, IP_PKTINFO and multicast groups, from outside.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('socket-async', name)

describe('sockets as promises', () => {
  it('acceptAsync and connectAsync; accept', async () => {
    expect(await run('connections')).toEqual({
      ...{ connected: 0, samePeer: true, flags: [true, true], isBlocking: true, none: null, late: 'TimeoutError' },
      code: 'EBADF',
    })
  })

  it('reject with the error of the connection, and refuse a socket on which they would block', async () => {
    expect(await run('refused')).toEqual({
      ...{ code: 'ECONNREFUSED', syscall: 'connect' },
      codes: ['ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'EINVAL', 'ERR_INVALID_ARG_TYPE', null, 'EINVAL'],
      full: [0, 'EAGAIN'],
    })
  })

  it('recvAsync, sendAsync, recvmsgAsync and sendmsgAsync wait, whether or not the socket blocks', async () => {
    expect(await run('bytes')).toEqual({
      ...{ got: 4, rest: 1, text: 'hello', sent: [3, 2], bytes: 2, fds: 1 },
      codes: ['ERR_INVALID_STATE', 4, 'ERR_INVALID_ARG_VALUE', 'ENOTSOCK', 'AbortError'],
      end: 0,
    })
  })
})

it('sendmmsg and recvmmsg move many datagrams by one call', async () => {
  expect(await run('many')).toEqual({
    ...{ sizes: [3, 3, 0], bytes: [2, 2, 0], truncated: [true, true, false], sameFrom: true, none: null },
    partly: [3, 3, 0],
    codes: [
      'EDESTADDRREQ',
      'ERR_OUT_OF_RANGE',
      'ERR_OUT_OF_RANGE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_TYPE',
      'EBADF',
    ],
  })
})

it('IP_PKTINFO: where a datagram came in, and by which address one goes out', async () => {
  expect(await run('arrivals')).toEqual({
    sender: '127.0.0.3',
    pktinfo: { ifindex: true, specDst: '127.0.0.1', addr: '127.0.0.1' },
    ...{ six: '::1', unix: false },
    codes: ['ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE'],
  })
})

it('multicast groups are joined and left; SO_COOKIE has 64 bits', async () => {
  expect(await run('groups')).toEqual({
    ...{ twice: 'EADDRINUSE', text: 'to all' },
    codes: [
      ...['EADDRNOTAVAIL', 'EINVAL', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE', 'EINVAL'],
      'ERR_INVALID_ARG_VALUE',
    ],
    ...{ cookie: 'bigint', differ: true },
  })
})
