// What threadServer serves, each case a program of its own with the leak gate; natively and with a function, a thread a connection and a pool.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Workshop } from '../../support/compile.js'
import { runFixture } from '../../support/run-fixture.js'

const run = <T>(name: string, args: string[] = []): Promise<T> =>
  runFixture<T>('thread-server', name, { timeout: 25_000, args })

const flavours = ['function', 'function-pool', 'native', 'native-pool']
const three = (text: string): string[] => [text, text, text]

describe.each(flavours)('%s', (flavour) => {
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

  it('1,000 connections leave no descriptor and no thread', async () => {
    expect(await run(`thousand:${flavour}`)).toEqual({
      wrong: 0,
      accepted: 1000,
      bytesIn: 5000,
      bytesOut: 5000,
      errors: 0,
    })
  })
})

describe('threadServer', () => {
  it('serves an HTTP application; an idle keep-alive client does not hold close up', async () => {
    expect(await run('http')).toEqual(['POST /a text 127.0.0.1', 'POST /b more 127.0.0.1', 1])
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
