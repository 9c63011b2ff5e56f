// What all servers promise alike, one table of models, each case a program of its own (test/fixtures/servers.ts).
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { noRing, whyNoRing } from '../support/io-uring.js'
import { runFixture, type FixtureOptions } from '../support/run-fixture.js'

const models = ['sync', 'fork', 'prefork', 'thread', 'event']

const fixture = (name: string, args: string[], options: FixtureOptions = {}) =>
  runFixture<Record<string, unknown>>('servers', name, { args, timeout: 25_000, ...options })

const firstPrivilegedPort = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))

describe.each(models)('%sServer', (model) => {
  const own = ['sync', 'fork', 'prefork'].includes(model)

  it('listens on IPv4, IPv6, a name, all addresses, and IPv6 only', async () => {
    expect(await fixture('listens', [model])).toEqual({
      IPv4: 'hello',
      IPv6: 'hello',
      name: 'hello',
      all: ['hello', 'hello'],
      ipv6Only: ['hello', 'ECONNREFUSED'],
    })
  })

  it('listens on a path and on an abstract name, and removes its file', async () => {
    expect(await fixture('unix', [model])).toEqual([true, 'hello', 'ENOENT', true, 'hello'])
  })

  it('takes an inherited listener, and a bound socket, as its own', async () => {
    expect(await fixture('inherited', [model])).toEqual([
      ...[true, true, 'hello', 'ECONNREFUSED'],
      ...[true, true, 'hello', 'ECONNREFUSED'],
    ])
  })

  it('sends without delay (TCP_NODELAY) unless told otherwise', async () => {
    expect(await fixture('noDelay', [model])).toEqual(['1', '0'])
  })

  it('shares a port with reusePort', async () => {
    expect(await fixture('reusePort', [model])).toEqual({ reply: 'hello', third: 'EADDRINUSE' })
  })

  it("takes systemd's socket once, and leaves no LISTEN_ variable to children", async () => {
    expect(await fixture('systemd', [model])).toEqual({
      reply: 'hello',
      right: true,
      port: 0,
      left: [],
      cloexec: 1,
      again: 'ERR_POSIX_ASYNC_NO_SYSTEMD_SOCKET',
    })
  })

  it('tells what happens by events and on diagnostics channels', async () => {
    const end = await fixture('events', [model])
    const { seen, published, clients } = end as { seen: string[]; published: string[]; clients: unknown }
    const common = ['listening', 'connection', 'connection', 'clientError', 'close']
    expect(seen.filter((name) => name !== 'fork' && name !== 'exit')).toEqual(common)
    const ofProcesses: Record<string, string[]> = { fork: ['exit', 'exit', 'fork', 'fork'], prefork: ['exit', 'exit'] }
    expect(seen.filter((name) => name === 'fork' || name === 'exit').sort()).toEqual(ofProcesses[model] ?? [])
    expect(published).toEqual(['listening', 'connection', 'connection', 'client-error', 'close'])
    expect(clients).toEqual([...Array(2)].map(() => ['127.0.0.1', 'number']))
  })

  it('sends in order what a handler writes and does not wait for, to the last byte and then the end', async () => {
    const args = [model === 'event' ? 'event-epoll' : model, '']
    expect(await runFixture('letters', 'unwaited', { args })).toEqual({ same: true, errors: [] })
  })

  it("reads into a handler's own buffer", async () => {
    expect(await fixture('readInto', [model])).toEqual([0, 'ERR_INVALID_STATE', 'hello, world', true, 0])
  })

  it('counts connections and bytes', async () => {
    expect(await fixture('stats', [model])).toMatchObject({
      accepted: 3,
      active: 0,
      rejected: 0,
      errors: 0,
      bytesIn: 15,
      bytesOut: 15,
    })
  })

  it('does not start with an aborted signal, and closes when one aborts', async () => {
    expect(await fixture('abort', [model])).toEqual({
      before: 'not wanted',
      reply: 'hello',
      listening: false,
      address: null,
    })
  })

  it('close() lets replies finish and refuses whoever is new; once is as good as twice', async () => {
    expect(await fixture('close', [model])).toEqual({
      same: true,
      refused: 'ECONNREFUSED',
      reply: 'hello late one',
      address: null,
      listening: false,
      active: 0,
    })
  })

  it.each(own ? ['sync', 'async'] : ['async'])('gracefulTimeout cuts off who does not end, %s', async (variant) => {
    expect(await fixture('graceful', [model, variant])).toEqual({ cut: 'busy', active: 0 })
  })

  it('closeAllConnections() cuts off who is served, and serves on', async () => {
    expect(await fixture('closeAll', [model])).toEqual({ next: 'hello', failed: [], errors: 0, active: 0 })
  })

  it.skipIf(model === 'sync' || model === 'prefork')('maxConnections closes who is one too many', async () => {
    const { dropped, ...rest } = await fixture('maxConnections', [model])
    expect(rest).toEqual({ refused: 0, reply: 'hello', rejected: 1, accepted: 4 })
    expect(dropped).toEqual(['127.0.0.1'])
  })

  it.each(own ? ['sync', 'async', 'native', 'http', 'socket'] : ['async'])(
    'idleTimeout closes who is silent and says ETIMEDOUT, %s',
    async (variant) => {
      const { received, seen, errors } = await fixture('idleTimeout', [model, variant])
      expect({ received, seen }).toEqual({ received: 0, seen: ['ETIMEDOUT'] })
      expect(errors).toBe(1)
    },
  )

  it.each([
    ['throws', ['RangeError', undefined, 'thrown']],
    ['rejects', ['Error', 'ERR_OF_MINE', 'rejected']],
    ['nonError', ['Error', 'ERR_POSIX_ASYNC_HANDLER_THREW', 'the handler threw a string']],
  ])('A52 (CPython ErrorHandlerTest.test_forking_handled): a handler that fails, %s', async (variant, error) => {
    const told = [...error.map((part) => part ?? null), '127.0.0.1']
    expect(await fixture('fails', [model, variant])).toEqual({
      seen: [told, told],
      errors: 2,
      exits: own && model !== 'sync' ? [...Array(2)].map(() => [0, null]) : [],
    })
  })

  it('serves what is iterated, handed to a net.Socket, HTTP, and native', async () => {
    expect(await fixture('handlers', [model])).toEqual({
      iterated: 'FOR AWAIT',
      socket: 'to:-1: a socket',
      socketBytes: [11, 15],
      http: [200, 'you asked for /here'],
      native: 'hello',
      nativeBytes: [5, 5],
    })
  })

  it('refuses bad options, each with its code', async () => {
    const seen = await fixture('badOptions', [model])
    const bad = 'ERR_INVALID_ARG_TYPE'
    const range = 'ERR_OUT_OF_RANGE'
    const { 'no such host': noHost, ...rest } = seen
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(noHost)
    expect(rest).toEqual({
      none: bad,
      port: bad,
      'port range': range,
      'port fraction': range,
      host: bad,
      path: bad,
      'empty path': 'ERR_INVALID_ARG_VALUE',
      backlog: range,
      fd: range,
      'fd type': bad,
      'closed fd': 'EBADF',
      'not a socket': 'ENOTSOCK',
      'no systemd': 'ERR_POSIX_ASYNC_NO_SYSTEMD_SOCKET',
      ipv6Only: bad,
      noDelay: bad,
      signal: bad,
      maxConnections: range,
      idleTimeout: range,
      gracefulTimeout: range,
      'no handler': bad,
      module: model === 'thread' ? 'ERR_POSIX_ASYNC_WORKER' : 'ERR_POSIX_ASYNC_HANDLER',
      'no such native': 'ERR_INVALID_ARG_VALUE',
      'no such object': 'ERR_DLOPEN_FAILED',
    })
  })

  it('says where it could not listen', async () => {
    expect(await fixture('refusedPlaces', [model])).toMatchObject({
      inUse: {
        code: 'EADDRINUSE',
        errno: -98,
        syscall: 'bind',
        message: 'EADDRINUSE: address already in use, bind 127.0.0.1:PORT',
      },
      pathInUse: 'EADDRINUSE',
      tooLong: 'ENAMETOOLONG',
      noFolder: { code: 'ENOENT', syscall: 'bind' },
      notOurs: 'EADDRNOTAVAIL',
      stillThere: 'hello',
    })
  })

  it.skipIf(process.getuid!() !== 0 || firstPrivilegedPort <= 81)('a privileged port is refused: EACCES', async () => {
    const under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    expect(await fixture('privileged', [model], { under })).toMatchObject({ code: 'EACCES', syscall: 'bind' })
  })
})

// Loopback's usual segments, and readers that keep up, never fill a socket's buffer: that is when bytes wait, and when memory that was
// used again too soon sends one client another's.
describe('clients of small segments that read slowly are sent their own letter each, all of it and nothing else', () => {
  const workshop = new Workshop()
  let program = ''
  let handler = ''
  beforeAll(() => {
    program = workshop.executable('letters', ['test/fixtures/letters.c'])
    handler = workshop.sharedObject('owning.so', ['test/fixtures/owning-handler.c'])
  })
  afterAll(() => workshop[Symbol.dispose]())

  const letters = async (model: string, kind: string): Promise<void> => {
    const seen = await runFixture('letters', 'letters', { args: [model, kind, program, handler], timeout: 60_000 })
    expect(seen).toMatchObject({ right: 12, foreign: 0, active: 0 })
  }

  describe.each(['epoll', 'epoll-edge', 'poll', 'select', 'io_uring'])(`eventServer, %s${whyNoRing}`, (backend) => {
    const kinds = ['callbacks', 'pausing', 'function', 'reading', 'hasty', 'native', 'owning', 'http']
    it.skipIf(noRing && backend === 'io_uring').each(kinds)('%s', (kind) => letters(`event-${backend}`, kind), 90_000)
  })

  it.each(models.filter((model) => model !== 'event').flatMap((model) => kindsOf(model)))(
    '%sServer, %s',
    letters,
    90_000,
  )
})

function kindsOf(model: string): [string, string][] {
  const kinds = [
    'function',
    'reading',
    'hasty',
    'native',
    'owning',
    'http',
    ...(model === 'thread' ? [] : ['blocking']),
  ]
  return kinds.map((kind) => [model, kind])
}

describe('forkServer', () => {
  it.each([
    ['exits', 'child N exited with code 3', [3, null]],
    ['killed', 'child N was killed by SIGKILL', [null, 'SIGKILL']],
  ])('a child that dies is an error of its client: %s', async (variant, message, exit) => {
    const told = ['Error', 'ERR_POSIX_ASYNC_CHILD', message, '127.0.0.1']
    expect(await fixture('fails', ['fork', variant])).toEqual({ seen: [told, told], errors: 2, exits: [exit, exit] })
  })
})
