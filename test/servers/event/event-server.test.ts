// eventServer, from outside: one contract for its back ends, each case a program of its own (test/fixtures/event-server.ts, event-limits.ts, event-uses.ts).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runFixture, type FixtureOptions } from '../../support/run-fixture.js'
import { cannotTrace, withFaults } from '../../support/strace.js'

const limits = new Set([
  'A56',
  'A58',
  'kernelSaysNo',
  'slowReader',
  'slowClient',
  'drain',
  'idleTimeout',
  'headTimeout',
  'notAwaited',
  'maxConnections',
  'reuse',
  'close',
])
const uses = new Set([
  'handOver',
  'toSocket',
  'http',
  'A57',
  'httpDrain',
  'A64',
  'select',
  'fork',
  'worker',
  'syscalls',
])

const programOf = (name: string): string =>
  limits.has(name) ? 'event-limits' : uses.has(name) ? 'event-uses' : 'event-server'

const fixture = (name: string, args: string[], options: FixtureOptions = {}) =>
  runFixture<Record<string, unknown>>(programOf(name), name, { args, timeout: 25_000, ...options })

// '' where there is io_uring; its cases are left out, and it is said why, where there is none.
const why = (await fixture('available', ['io_uring'])) as unknown as string
const uring = why ? `io_uring (skipped: ${why})` : 'io_uring'

describe.each(['epoll', 'epoll-edge', 'poll', 'select'])('%s', contract)
describe.skipIf(why).each([uring])('%s', () => contract('io_uring'))

function contract(backend: string): void {
  it.each(['callbacks', 'function', 'native'])(
    'A51 (CPython test_socketserver): TCP, IPv6 and Unix, %s',
    async (handler) => {
      expect(await fixture('A51', [backend, handler])).toEqual({ clients: 9, right: true })
    },
  )

  it.each(['callbacks', 'function', 'native'])(
    'A20 (gVisor NonblockingLargeWrite): 64 MiB come back whole, %s',
    async (handler) => {
      expect(await fixture('A20', [backend, handler])).toEqual({ bytes: 64 * 1024 * 1024, equal: true })
    },
  )

  it('A23 (LTP epoll_wait14): all who are ready get their turn before anybody gets a second', async () => {
    expect(await fixture('A23', [backend])).toEqual({ rounds: [[1], [2], [3], [4]], whole: true })
  })

  it.each(['callbacks', 'native'])('A23: a client that floods leaves the others their turns, %s', async (handler) => {
    expect(await fixture('flood', [backend, handler])).toBe(24)
  })

  it.each(['callbacks', 'function'])(
    'A52 (CPython ErrorHandlerTest): a handler that fails costs its own client, %s',
    async (handler) => {
      expect(await fixture('A52', [backend, handler])).toEqual({
        seen: ['bad input'],
        reply: 0,
        next: 'good',
        errors: 1,
      })
    },
  )

  it.each(['callbacks', 'function'])(
    'A55 (Node test-net-allow-half-open): end of file does not cut the reply, %s',
    async (handler) => {
      expect(await fixture('A55', [backend, handler])).toEqual({ equal: true })
    },
  )

  it.each(['callbacks', 'function'])(
    'A56 (Node test-net-server-reset): 1,000 clients reset in mid-reply, %s',
    async (handler) => {
      expect(await fixture('A56', [backend, handler])).toEqual({ alive: true, accepted: 1001 })
    },
  )

  it('A58 (libuv test-emfile): without descriptors accepting rests, and goes on soon after one is free', async () => {
    expect(await fixture('A58', [backend])).toEqual({
      replies: ['served', 'served'],
      soon: true,
      busy: false,
      fewRetries: true,
      rejected: 0,
    })
  })

  it('kernel says no: without descriptors the start fails with EMFILE and leaves nothing', async () => {
    const codes = (await fixture('kernelSaysNo', [backend])) as unknown
    expect(new Set(codes as string[])).toEqual(new Set(['EMFILE']))
  })

  it('oversized input: what nobody reads stays with the client', async () => {
    expect(await fixture('slowReader', [backend])).toEqual({ held: true, equal: true, many: true })
  })

  it('oversized input: a client that does not read is not read from', async () => {
    expect(await fixture('slowClient', [backend])).toEqual({ bounded: true, equal: true })
  })

  it('oversized input: memory stays flat over a long stream', async () => {
    expect(await fixture('flat', [backend])).toEqual({ bytes: 364, flat: true })
  })

  it('oversized input: read into one buffer, a long stream makes no others', async () => {
    expect(await fixture('flatInto', [backend])).toEqual({ bytes: 64, flat: true })
  })

  it('a buffer that is detached while a read waits for it (3.5) costs that read, and no byte', async () => {
    expect(await fixture('detached', [backend])).toBe('go on ERR_INVALID_STATE 2 ERR_INVALID_STATE cd ef')
  })

  it('sends what was written before the end, in the same batch too', async () => {
    const words = Array(3).fill('the last word') as string[]
    expect(await fixture('lastWord', [backend])).toEqual({ words, errors: 0 })
  })

  it('tells when what was queued is with the kernel', async () => {
    expect(await fixture('drain', [backend])).toEqual({ waiting: true, reply: 16 })
  })

  it.each(['callbacks', 'function'])('idleTimeout closes who is silent, and nobody else, %s', async (handler) => {
    expect(await fixture('idleTimeout', [backend, handler])).toEqual({ seen: ['ETIMEDOUT'], active: 1, served: true })
  })

  it.each(['callbacks', 'function'])(
    'slowloris: headTimeout cuts off whoever drips bytes and gets no reply, %s',
    async (handler) => {
      expect(await fixture('headTimeout', [backend, handler])).toEqual({
        seen: ['ETIMEDOUT', 'ETIMEDOUT'],
        active: 1,
        reply: 'answer',
        again: 'answer',
      })
    },
  )

  it('what a handler writes without waiting arrives, and a client that leaves meanwhile harms nobody', async () => {
    expect(await fixture('notAwaited', [backend])).toEqual({ whole: true })
  })

  it('slowloris: 100 clients that never finish cost 50 others nothing', async () => {
    expect(await fixture('slowClients', [backend])).toEqual({ replies: 1000, active: 150, served: 100 })
  })

  it('half-close: a reply of 1 MiB is whole for each of 100', async () => {
    expect(await fixture('halfClose', [backend])).toBe(100)
  })

  it.each(['callbacks', 'function', 'native'])(
    'client reset: 5,000 short connections that end in every way, %s',
    async (handler) => {
      expect(await fixture('resets', [backend, handler])).toEqual({ accepted: true, alive: 1, small: true })
    },
  )

  it('A57 (Node test-http-server-headers-timeout-interrupted-headers): a head that never ends is cut off', async () => {
    expect(await fixture('A57', [backend])).toEqual({ status: 'HTTP/1.1 408', called: false })
  })

  it('maxConnections closes who is one too many', async () => {
    expect(await fixture('maxConnections', [backend])).toEqual({
      refused: true,
      reply: 'in again',
      rejected: 1,
      accepted: 4,
    })
  })

  it('a slot that is used again hears nothing of the connection before (3.8)', async () => {
    expect(await fixture('reuse', [backend])).toEqual({ right: 600, strangers: 0, left: 0 })
  })

  it('close lets replies finish, refuses whoever is new, and closeAllConnections cuts off', async () => {
    expect(await fixture('close', [backend])).toEqual({
      reply: 'reply to late',
      cutOff: 0,
      refused: 'ECONNREFUSED',
      active: 0,
    })
  })

  it('toSocket hands over with what was not read', async () => {
    const { reply, stats } = (await fixture('toSocket', [backend])) as { reply: string; stats: Record<string, number> }
    expect(reply).toBe('he:llo there')
    expect(stats).toMatchObject({ accepted: 1, active: 0, errors: 0 })
  })

  it('toSocket at the first bytes loses none of those that follow', async () => {
    expect(await fixture('handOver', [backend])).toEqual([true, true, true, true])
  })

  it('fork in a callback: the child has no part in the server, the parent serves on', async () => {
    expect(await fixture('fork', [backend])).toEqual({
      first: ['stay', 'fork', 'stay'],
      second: ['still here', 'still here', 'still here'],
      exited: 0,
      accepted: 3,
    })
  })

  it('HTTP connections that are kept alive do not hold close up', async () => {
    expect(await fixture('httpDrain', [backend])).toEqual({ replies: ['quick', 'quick', 'quick', 'slow'], accepted: 2 })
  })

  it('A64 (Node test-buffer-pool-untransferable): the memory that chunks lie in cannot be transferred', async () => {
    const { refused, reply } = await fixture('A64', [backend])
    expect([true, 'ignored']).toContain(refused) // Node 20 ignores it in the list, later versions throw
    expect(reply).toBe('unharmed')
  })

  it('works in a Worker, whose end closes it', async () => {
    expect(await fixture('worker', [backend])).toEqual({ reply: 'from a worker' })
  })

  it('serves HTTP', async () => {
    expect(await fixture('http', [backend])).toEqual({ status: 200, text: 'you asked for /here' })
  })
}

it('select: who has a descriptor beyond FD_SETSIZE is refused, counted, told once; the rest is served', async () => {
  expect(await fixture('select', ['select'])).toEqual({
    seen: ['ERANGE'],
    cut: [0, 0],
    reply: 'still served',
    listener: 'ERANGE',
    again: 'served again',
    rejected: 2,
  })
})

describe.skipIf(cannotTrace !== undefined)('under strace', () => {
  it.each([
    ['epoll', [/epoll_create1\(/, /epoll_ctl\(/, /epoll_wait\(/, /accept4\(/]],
    ['poll', [/ poll\(\[\{fd=\d+.*\{fd=/, /accept4\(/]],
    ['select', [/ (select|pselect6)\(/, /accept4\(/]],
    ...(why ? [] : [['io_uring', [/io_uring_enter\(/]] as [string, RegExp[]]]),
  ])('%s is what the kernel is asked for', async (backend, calls) => {
    const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
    const log = join(folder, 'log')
    const under = [
      'strace',
      '-f',
      '-qq',
      '-o',
      log,
      '-e',
      'trace=epoll_create1,epoll_ctl,epoll_wait,poll,select,pselect6,accept4,io_uring_enter',
    ]
    await fixture('syscalls', [backend], { under })
    const seen = readFileSync(log, 'utf8')
    rmSync(folder, { recursive: true })
    expect(calls.filter((call) => !call.test(seen))).toEqual([])
  })

  it.each(['ENOSYS', 'EPERM', 'ENOMEM'])('A50: a kernel that answers %s to io_uring_setup is told of', async (code) => {
    const { result, faults } = await withFaults('io_uring_setup', `error=${code}`, (under) =>
      fixture('available', ['io_uring'], { under }),
    )
    expect(result).toMatch(new RegExp(`^${code}: .*, io_uring_setup`))
    expect(faults).toBe(1)
  })

  it.each(['epoll', 'poll', 'select', ...(why ? [] : ['io_uring'])])(
    'EINTR put into every third call loses nothing, %s',
    async (backend) => {
      const { result, faults } = await withFaults(
        'accept4,recvfrom,sendto,epoll_wait,poll,select,pselect6,io_uring_enter',
        'error=EINTR:when=3+3',
        (under) => fixture('A51', [backend, 'callbacks'], { under }),
      )
      expect(result).toEqual({ clients: 9, right: true })
      expect(faults).toBeGreaterThan(0)
    },
  )
})
