// threadServer, each case a program of its own with the leak gate; natively and with a function, a thread a connection and a pool.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { endOf, runFixture } from '../support/run-fixture.js'

const run = <T>(name: string, args: string[] = []): Promise<T> =>
  runFixture<T>('thread-server', name, { timeout: 25_000, args })

const flavours = ['function', 'function-pool', 'native', 'native-pool']
const three = (text: string): string[] => [text, text, text]

describe.each(flavours)('%s', (flavour) => {
  const isNative = flavour.startsWith('native')

  it('A51 (CPython test_socketserver: test_ThreadingTCPServer): 3 clients, 3 echoes each, over TCP', async () => {
    const { replies, stats } = await run<{ replies: string[][]; stats: object }>(`A51-tcp:${flavour}`)
    expect(replies).toEqual([three('one'), three('two'), three('three')])
    expect(stats).toMatchObject({ accepted: 3, rejected: 0, errors: 0, bytesIn: 33, bytesOut: 33 })
  })

  it('A51 (CPython test_socketserver: test_ThreadingUnixStreamServer): the same over a Unix socket', async () => {
    expect(await run(`A51-unix:${flavour}`)).toEqual([three('one'), three('two'), three('three')])
  })

  it('A55 (Node test-net-allow-half-open): the reply is whole after the client has ended', async () => {
    expect(await run(`A55:${flavour}`)).toEqual({ length: 1024 * 1024, same: true })
  })

  it('A56 (Node test-net-server-reset): 1,000 clients reset mid-reply, and each concerns itself only', async () => {
    const result = { reply: 'still there', accepted: 1001, rejected: 0, next: ['next'] }
    expect(await run(`A56:${flavour}`)).toEqual(result)
  })

  it('A58 (libuv test-emfile): without descriptors accepting rests, neighbours are served, and it goes on', async () => {
    const result = { reply: 'neighbour', accepted: 1, calm: true, served: 'waited', errors: isNative ? 1 : 0 }
    expect(await run(`A58:${flavour}`)).toEqual(result)
  })

  it('1,000 connections leave no descriptor and no thread', async () => {
    expect(await run(`thousand:${flavour}`)).toEqual({
      wrong: 0,
      accepted: 1000,
      bytesIn: 5000,
      bytesOut: 5000,
      errors: 0,
    })
  })

  it('a thread that cannot be made at once: the connection waits and is served', async () => {
    expect(await run(`thread-waits:${flavour}`)).toEqual({ reply: 'patient', rejected: 0 })
  })

  it('a thread that cannot be made at all: the connection is closed and counted, the next is served', async () => {
    expect(await run(`thread-refused:${flavour}`)).toEqual({
      ...{ refused: '', accepted: 1, rejected: 1, errors: 1, next: ['next'] },
      told: isNative ? [] : [['EAGAIN', 'pthread_create']],
    })
  })

  it('over maxThreads, or the pool, accepting waits', async () => {
    expect(await run(`max-threads:${flavour}`)).toEqual({ before: [2, 2], reply: 'third', accepted: 3 })
  })

  it('over maxConnections a connection is closed', async () => {
    expect(await run(`max-connections:${flavour}`)).toEqual({ refused: '', accepted: 2, rejected: 1 })
  })

  it('an idle connection is closed, also one that never sends, and its thread ends', async () => {
    const errors = isNative ? [] : ['ETIMEDOUT', 'ETIMEDOUT']
    expect(await run(`idle:${flavour}`)).toEqual({ reply: 'x', silent: '', errors })
  })

  it('close lets connections finish', async () => {
    expect(await run(`drain:${flavour}`)).toEqual({ reply: 'y', same: true, address: null })
  })

  it('close cuts off what is left after gracefulTimeout', async () => {
    expect(await run(`destroy:${flavour}`)).toEqual({ active: 0, threads: 0 })
  })

  it('a listener that dies is an error of the server, which closes', async () => {
    const result = { echoed: ['x'], code: 'EINVAL', syscall: 'accept4', listening: false }
    expect(await run(`listener-dies:${flavour}`)).toEqual(result)
  })

  it('a fork does not disturb it, and its copy in the child has no threads', async () => {
    expect(await run(`fork:${flavour}`)).toEqual(['before', 'child 7', 'after one', 'child 7', 'after two'])
  })

  it('Node may exit while threads are blocked', async () => {
    const { code, signal, stderr, left } = await endOf('thread-server', `exit:${flavour}`)
    expect({ code, signal, stderr, left }).toEqual({ code: 0, signal: null, stderr: '', left: [] })
  })
})

describe('a function', () => {
  it('A52 (CPython test_socketserver: ErrorHandlerTest): what throws or rejects costs its own client only', async () => {
    expect(await run('A52')).toEqual({
      closed: ['', '', ''],
      served: ['next'],
      seen: ['thrown', 'rejected', 'the handler threw a string'].map((message) => [message, '127.0.0.1']),
      errors: 3,
    })
  })

  it('readSync and writeSync would stop all others, and say so', async () => {
    expect(await run('sync')).toEqual(['ERR_POSIX_ASYNC_BLOCKS_OTHERS', 'ERR_POSIX_ASYNC_BLOCKS_OTHERS'])
  })

  it('what was written without waiting is sent all the same', async () => {
    expect(await run('unawaited')).toEqual({ length: 1024 * 1024 + 1, end: 'b' })
  })

  it('a read that waits does not stop a write', async () => {
    expect(await run('both-directions')).toEqual(['welcome', 'you said hello'])
  })

  it('close is idempotent: a read that waits ends, later calls fail', async () => {
    const failed = ['ERR_STREAM_DESTROYED', 'ERR_STREAM_DESTROYED']
    expect(await run('after-close')).toEqual({ waiting: null, fd: -1, failed, end: 'ERR_STREAM_DESTROYED' })
  })

  it('toSocket hands the connection over to node:net', async () => {
    expect(await run('to-socket')).toBe('socket: hello')
  })

  it('a handler that is never done does not hold close up', async () => {
    expect(await run('destroy-stuck')).toBe(0)
  })
})

describe('threadServer', () => {
  it('serves an HTTP application; an idle keep-alive client does not hold close up', async () => {
    expect(await run('http')).toEqual(['POST /a text 127.0.0.1', 'POST /b more 127.0.0.1', 1])
  })

  it('closes when its AbortSignal aborts, and does not start with an aborted one', async () => {
    expect(await run('abort')).toEqual({ listening: false, refused: 'AbortError' })
  })

  it('refuses what it cannot serve, by code', async () => {
    expect(await run('refused')).toEqual({
      module: 'ERR_POSIX_ASYNC_WORKER',
      callbacks: 'ERR_POSIX_ASYNC_HANDLER',
      nothing: 'ERR_INVALID_ARG_TYPE',
      unknown: 'ERR_INVALID_ARG_VALUE',
      missing: 'ERR_DLOPEN_FAILED',
      threads: 'ERR_OUT_OF_RANGE',
      maxThreads: 'ERR_OUT_OF_RANGE',
      stackSize: 'ERR_OUT_OF_RANGE',
      type: 'ERR_INVALID_ARG_TYPE',
    })
  })

  it('serves a handler of a shared object', async () => {
    const workshop = new Workshop()
    try {
      const library = workshop.sharedObject('upper.so', ['examples/native-handler.c'])
      expect(await run('library', [library])).toEqual({
        replies: [
          ['ONE', 'ONE'],
          ['TWO', 'TWO'],
        ],
        bytesIn: 12,
        bytesOut: 12,
      })
    } finally {
      workshop[Symbol.dispose]()
    }
  })

  it('a request of 8 MiB for a number ends that connection only', async () => {
    expect(await run('oversized')).toEqual({ next: '8', accepted: 2 })
  })

  it('Node may exit while a thread computes', async () => {
    const { code, signal, stderr } = await endOf('thread-server', 'exit-computing')
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  })

  it('a Worker that is terminated takes its threads and connections with it', async () => {
    const { report, code, signal } = await endOf('thread-server', 'exit-worker')
    expect({ report: report?.result, code, signal }).toEqual({ report: 'ended', code: 0, signal: null })
  })
})

const hasStrace = spawnSync('strace', ['-V']).status === 0

// The system calls of each thread of a case, by thread id.
async function traced(name: string): Promise<Map<string, string[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
  try {
    const calls = 'trace=accept4,clone,clone3,read,write,close,exit'
    const under = ['strace', '-ff', '-qq', '-o', join(folder, 'log'), '-e', calls, '-e', 'signal=none']
    await runFixture('thread-server', name, { under, timeout: 25_000 })
    const lines = (file: string): string[] => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')
    return new Map(readdirSync(folder).map((file) => [file.replace('log.', ''), lines(file)]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

// libuv's own accept is SOCK_NONBLOCK too.
const isAccept = (line: string): boolean => /^accept4\(.*, SOCK_CLOEXEC\) += \d+$/.test(line)

// What came after the connection was accepted: the clone, and what the new thread did.
function connectionOf(threads: Map<string, string[]>): { clone: string; calls: string[] } {
  const calls = [...threads.values()].find((lines) => lines.some(isAccept))!
  const at = calls.findIndex(isAccept)
  const fd = calls[at]!.split(' = ').at(-1)!
  const clone = calls.slice(at).find((line) => line.startsWith('clone'))!
  const thread = threads.get(clone.split(' = ').at(-1)!)!
  return { clone, calls: thread.map((line) => line.replaceAll(`(${fd}`, '(CLIENT')) }
}

describe.skipIf(!hasStrace)('seen by strace', () => {
  it('native: a thread accepts, clones one for the connection, which reads, writes, closes and exits', async () => {
    const { clone, calls } = connectionOf(await traced('one:native'))
    expect(clone).toContain('CLONE_THREAD')
    expect(calls).toEqual([
      expect.stringMatching(/^read\(CLIENT, "5", \d+\) += 1$/),
      expect.stringMatching(/^write\(CLIENT, "8", 1\) += 1$/),
      expect.stringMatching(/^close\(CLIENT\) += 0$/),
      expect.stringMatching(/^exit\(0\)/),
    ])
  })

  it('function: the main thread accepts and clones; the connection has its reads and writes on its own thread', async () => {
    const { clone, calls } = connectionOf(await traced('one:function'))
    expect(clone).toContain('CLONE_THREAD')
    const about = calls.filter((line) => line.includes('CLIENT') || line.startsWith('exit'))
    expect(about).toEqual([
      expect.stringMatching(/^read\(CLIENT, "5", 65536\) += 1$/),
      expect.stringMatching(/^write\(CLIENT, "reply to 5", 10\) += 10$/),
      expect.stringMatching(/^close\(CLIENT\) += 0$/),
      expect.stringMatching(/^exit\(0\)/),
    ])
  })

  it('a module: one thread accepts, reads, writes and closes', async () => {
    const threads = await traced('one:module')
    const accepting = [...threads.values()].filter((lines) => lines.some((line) => isAccept(line)))
    expect(accepting).toHaveLength(1)
    const calls = accepting[0]!.slice(accepting[0]!.findIndex(isAccept))
    const fd = calls[0]!.split(' = ').at(-1)!
    const about = calls.filter((line) => new RegExp(`^\\w+\\(${fd}[,)]`).test(line))
    expect(about.slice(0, 3).map((line) => line.replace(`(${fd}`, '(CLIENT'))).toEqual([
      expect.stringMatching(/^read\(CLIENT, "5", 256\) += 1$/),
      expect.stringMatching(/^write\(CLIENT, "5", 1\) += 1$/),
      expect.stringMatching(/^close\(CLIENT\) += 0$/),
    ])
  })
})
