// syncServer and forkServer under load, faults and strace, each case a program of its own (test/fixtures/process-servers.ts).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXHAUSTED_PAUSE } from '../../lib/servers/accept/accept-errors.js'
import { runFixture, type FixtureOptions } from '../support/run-fixture.js'
import { cannotTrace } from '../support/strace.js'

const fixture = (name: string, args: string[], options: FixtureOptions = {}) =>
  runFixture<unknown>('process-servers', name, { args, timeout: 25_000, ...options })

// Runs a case under strace and gives its lines, without what is no system call.
async function traced(name: string, args: string[], syscalls: string): Promise<{ result: unknown; lines: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
  try {
    const under = ['strace', '-f', '-qq', '-y', '-o', join(folder, 'log'), '-e', `trace=${syscalls}`]
    const result = await fixture(name, args, { under })
    return { result, lines: readFileSync(join(folder, 'log'), 'utf8').split('\n') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The names of `wanted` in the order in which `lines` of one process first match them. */
function inOrder(lines: string[], wanted: Record<string, RegExp>): string[] {
  const at = (name: string): number => lines.findIndex((line) => wanted[name]!.test(line))
  return Object.keys(wanted)
    .filter((name) => at(name) >= 0)
    .sort((one, other) => at(one) - at(other))
}

describe.each(['sync', 'fork', 'prefork'])('%sServer', (model) => {
  it('A51 (CPython test_socketserver: test_ForkingTCPServer, UnixStream): 3 clients, 3 echoes each', async () => {
    const three = ['one one one', 'two two two', 'three three three']
    expect(await fixture('A51', [model])).toEqual([three, three])
  })

  it('starts and serves where the process has 20 descriptors to spare', async () => {
    expect(await fixture('fewDescriptors', [model])).toEqual({ reply: 'x x x' })
  })

  it('A55 (Node test-net-allow-half-open): the reply of 1 MiB is whole after the client has ended', async () => {
    expect(await fixture('A55', [model])).toBe(true)
  })

  it('A56 (Node test-net-server-reset): 1,000 clients reset mid-reply, and each concerns itself only', async () => {
    expect(await fixture('A56', [model], { timeout: 80_000 })).toEqual({
      accepted: 1000,
      errors: 1000,
      alive: 65536,
      strange: [],
    })
  }, 90_000)

  it('A58 (libuv test-emfile): without descriptors accepting rests, and goes on when there are some', async () => {
    expect(await fixture('A58', [model])).toEqual({ replies: [true, true], calm: true, rejected: 0 })
    expect(EXHAUSTED_PAUSE).toBeLessThanOrEqual(50)
  })

  it('200 connections leave nothing behind', async () => {
    expect(await fixture('twoHundred', [model])).toEqual({ right: 200, accepted: 200 })
  })

  it('many servers leave no shared memory behind', async () => {
    const count = model === 'prefork' ? 15 : 50
    const { more } = (await fixture('manyServers', [model, String(count)])) as { more: number }
    expect(more).toBeLessThan(10)
  })

  it("3.9: a Unix socket's mode is what was asked for, whatever the umask", async () => {
    expect(await fixture('unixModes', [model])).toEqual({
      modes: ['700', '744', '722', '766'],
      refused: 7,
      umask: 0,
    })
  })

  it("3.9: a child's end does not remove the Unix socket, nor does close() what is somebody else's", async () => {
    expect(await fixture('unixUnlink', [model])).toEqual({ afterChild: true, kept: 'somebody else' })
  })

  it('closing leaves an inherited listener to those who share it', async () => {
    expect(await fixture('inheritedStop', [model])).toEqual({ reply: 'x x x' })
  })
})

describe('forkServer', () => {
  it('3.1: a client that ends sees the end while 20 siblings live: none holds the connection of another', async () => {
    expect(await fixture('siblings', ['fork'])).toEqual({ names: 20, held: [1], others: 0 })
  })

  it('tells of connections as soon as somebody listens, and of the ends of those that came before', async () => {
    expect(await fixture('quietAndLoud', ['fork'])).toEqual({
      quiet: 0,
      loud: ['connection', 'exit', 'fork'],
      afterwards: ['exit'],
      quietAgain: 0,
      accepted: 5,
      active: 0,
      errors: 0,
    })
  })

  it('ends a child that takes longer than its timeout: SIGABRT, then SIGKILL', async () => {
    expect(await fixture('childTimeout', ['fork'])).toEqual({ soft: 'SIGABRT', hard: 'SIGKILL', inTime: 'x x x' })
  })

  it('has no more children than maxChildren, however many come at once', async () => {
    expect(await fixture('oneAtATime', ['fork'])).toBe('+-+-+-+-+-')
  })

  it('keeps its two limits, whether or not anybody is told of connections', async () => {
    const each = { second: 'second second second', refused: 0, active: [1, 1], dropped: [true] }
    expect(await fixture('twoLimits', ['fork'])).toEqual([each, [2, 1], each, [2, 1]])
  })

  // A user of his own: what else runs here counts against no one's limit but its own.
  const lonely = ['setpriv', '--reuid=61973', '--regid=61973', '--clear-groups']
  describe.skipIf(process.getuid!() !== 0)('when fork says EAGAIN', () => {
    it('the connection waits and is served', async () => {
      expect(await fixture('forkRefused', ['fork', '1'], { under: lonely })).toEqual({
        first: 'first first first',
        second: 'second second second',
        seen: [],
        dropped: [],
        forks: 3,
        accepted: 2,
        rejected: 0,
      })
    })

    it('again, it is refused with a count, and the next is served', async () => {
      expect(await fixture('forkRefused', ['fork', '2'], { under: lonely })).toEqual({
        first: 'refused',
        second: 'second second second',
        seen: ['EAGAIN'],
        dropped: ['127.0.0.1'],
        forks: 3,
        accepted: 2,
        rejected: 1,
      })
    })
  })
})

it('syncServer: the end of the serving child is the end of the server, and it says so', async () => {
  expect(await fixture('childDies', ['sync'])).toEqual({
    code: 'ERR_POSIX_ASYNC_CHILD',
    how: 'the serving child N exited with code 3',
    listening: false,
    active: 0,
  })
})

describe.skipIf(cannotTrace !== undefined)('under strace', () => {
  it.each([
    ['sync', 'socket', 'EMFILE'],
    ['sync', 'bind', 'EPERM'],
    ['sync', 'listen', 'EADDRINUSE'],
    ['sync', 'epoll_ctl', 'ENOSPC'],
    ['sync', 'socketpair', 'EMFILE'],
    ['sync', 'clone', 'EAGAIN', 'fork'],
    ['sync', 'clone', 'ENOMEM', 'fork'],
    ['fork', 'socket', 'ENFILE'],
    ['fork', 'bind', 'EACCES'],
    ['fork', 'listen', 'EADDRINUSE'],
    ['fork', 'epoll_ctl', 'ENOSPC'],
    ['thread', 'socket', 'ENOMEM'],
    ['thread', 'eventfd2', 'EMFILE', 'eventfd'],
    ['event', 'socket', 'ENFILE'],
    ['event', 'epoll_create1', 'EMFILE'],
  ])('kernel says no: %sServer, %s gives %s', async (model, syscall, error, named = syscall) => {
    expect(await fixture('startRefused', [model, syscall, error])).toMatchObject({
      refused: { code: error, syscall: named },
      reply: 'then then then',
      seen: [],
    })
  })

  it('kernel says no: forkServer, pipe2 gives ENFILE once, and the client waits', async () => {
    expect(await fixture('pipeRefused', ['fork'])).toEqual({ replies: [true, true], seen: [] })
  })

  it.each(
    ['sync', 'fork'].flatMap((model) => ['EMFILE', 'ENFILE', 'ENOMEM', 'EPERM', 'ECONNABORTED'].map((e) => [model, e])),
  )('kernel says no: %sServer, accept4 gives %s three times', async (model, error) => {
    expect(await fixture('acceptRefused', [model, error])).toEqual({ served: true, faults: 3 })
  })

  it('forkServer does what the C example does', async () => {
    const calls = 'accept4,clone,close,read,write,exit_group'
    const { result, lines } = await traced('order', ['fork'], calls)
    expect(result).toMatchObject({ reply: 'in order' })
    const accepted = lines.findIndex((line) => /accept4\(.*= \d+/.test(line))
    const parent = lines[accepted]!.split(' ')[0]!
    const [, listener, client] = /accept4\((\d+).*= (\d+)/.exec(lines[accepted]!)!
    const rest = lines.slice(accepted)
    const own = rest.filter((line) => line.startsWith(`${parent} `))
    expect(
      inOrder(own, {
        accept: / accept4\(/,
        fork: / (clone\(|<\.\.\. clone).*= \d+/,
        close: new RegExp(` close\\(${client}<`),
      }),
    ).toEqual(['accept', 'fork', 'close'])
    const child = rest
      .find((line) => new RegExp(`^(?!${parent} )\\d+ +close\\(${listener}<`).test(line))!
      .split(' ')[0]!
    const others = rest.filter((line) => line.startsWith(`${child} `))
    expect(
      inOrder(others, {
        closeListener: new RegExp(` close\\(${listener}<`),
        read: new RegExp(` read\\(${client}<`),
        write: new RegExp(` write\\(${client}<`),
        close: new RegExp(` close\\(${client}<`),
        exit: / exit_group\(0/,
      }),
    ).toEqual(['closeListener', 'read', 'write', 'close', 'exit'])
  })

  it('syncServer does what the C example does', async () => {
    const { result, lines } = await traced('order', ['sync'], 'accept4,close,read,write')
    expect(result).toMatchObject({ reply: 'in order' })
    const accepted = lines.findIndex((line) => /( accept4\(|<\.\.\. accept4).*= \d+/.test(line))
    const pid = lines[accepted]!.split(' ')[0]!
    const client = /= (\d+)/.exec(lines[accepted]!)![1]!
    const own = lines.slice(accepted).filter((line) => line.startsWith(`${pid} `))
    const wanted = { read: new RegExp(` read\\(${client}<`), write: new RegExp(` write\\(${client}<`) }
    const close = new RegExp(` close\\(${client}<`)
    expect(inOrder(own, { accept: /accept4/, ...wanted, close })).toEqual(['accept', 'read', 'write', 'close'])
  })

  it('3.9: a Unix socket is born under umask 077 and opened up afterwards', async () => {
    const path = join(tmpdir(), `posix-async-born-${process.pid}`)
    const { result, lines } = await traced('unixBorn', ['fork', path], 'umask,bind,chmod,fchmodat,listen,unlink')
    expect(result).toBe(true)
    const wanted = { mask: / umask\(077\)/, bind: /bind\(.*born/, chmod: /chmod.*0722/, listen: /listen\(.*= 0/ }
    expect(inOrder(lines, wanted)).toEqual(['mask', 'bind', 'chmod', 'listen'])
  })
})
