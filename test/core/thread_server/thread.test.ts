// native/core/thread: run by a C++ program without Node, with the thread sanitizer where it works.
import { execFileSync, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root, sanitizerWorks, Workshop } from '../../support/compile.js'
import { hasValgrind, helgrind } from '../../support/valgrind.js'

const workshop = new Workshop()
const sanitized = sanitizerWorks('thread')
const hasStrace = spawnSync('strace', ['-V']).status === 0
let program = ''
let plain = ''

beforeAll(() => {
  const core = ['thread', 'thread_accept', 'thread_cache', 'thread_io', 'thread_start'].map(
    (name) => `thread_server/${name}.cc`,
  )
  const handlers = ['echo', 'fibonacci', 'handler', 'running'].map((name) => `handlers/${name}.cc`)
  const sources = [
    'test/core/thread_server/thread_test.cc',
    ...[...core, ...handlers].map((file) => `native/core/${file}`),
  ]
  // Few shared libraries: their loader does not bear EINTR.
  plain = workshop.program('thread_test', sources, ['-static-libstdc++', '-static-libgcc'])
  program = sanitized ? workshop.program('thread_test_tsan', sources, ['-fsanitize=thread']) : plain
}, 600_000)
afterAll(() => workshop[Symbol.dispose]())

const underStrace = (options: string[], ...args: string[]): string =>
  execFileSync('strace', ['-f', '-qq', '-o', '/dev/null', ...options, plain, ...args], {
    encoding: 'utf8',
    timeout: 25_000,
  }).trimEnd()

const run = (...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', timeout: 25_000, env: { TSAN_OPTIONS: 'halt_on_error=1' } }).trimEnd()

const stats = (accepted: number, rejected = 0, errors = 0): string =>
  `accepted ${accepted} active 0 rejected ${rejected} errors ${errors} threads 0`

describe(`connection threads (${sanitized ? 'under the thread sanitizer' : 'the thread sanitizer is not installed'})`, () => {
  it('a thread a connection: 400 connections of 8 clients, every byte right, nothing left', () => {
    expect(run('thread-a-connection')).toBe(`${stats(400)}\ndescriptors left 0`)
  })
  it('a pool of 4: never more threads than that', () => {
    expect(run('pool')).toBe(`${stats(400)}\ndescriptors left 0`)
  })
  it('maxThreads 2: accepting waits for room', () => {
    expect(run('few-threads')).toBe(`${stats(200)}\ndescriptors left 0`)
  })
  it('stop lets connections go on, shutdown ends them, the last thread tells', () => {
    expect(run('shutdown')).toBe(stats(10))
  })
  it('stops at any time, more than once, from several threads', () => {
    expect(run('stop-at-any-time')).toBe('descriptors left 0')
  })
  it('a connection over maxConnections is closed and counted', () => {
    expect(run('max-connections')).toBe(stats(2, 1))
  })
  it('an idle connection is ended and is no error', () => {
    expect(run('idle-timeout')).toBe(stats(1))
  })
  it('A58 (libuv test-emfile): accept without descriptors waits, spins not, and goes on', () => {
    expect(run('exhausted')).toBe(`processor time of a second below 50 ms: yes\n${stats(2, 0, 1)}`)
  })
})

describe('the kernel says no', () => {
  it('to a descriptor at the start: EMFILE, and nothing is left', () => {
    expect(run('refused-start')).toBe('-24 -24 -24 -24 -24 -24 descriptors left 0')
  })

  it.skipIf(!hasStrace).each(['thread-a-connection', 'pool'])('EINTR now and then is never seen: %s', (name) => {
    const fault = 'inject=read,write,accept4,poll:error=EINTR:when=3+2'
    const output = underStrace(['-e', 'trace=read,write,accept4,poll', '-e', fault], name)
    expect(output).toBe(`${stats(400)}\ndescriptors left 0`)
  })
})

describe('pthread_create fails', () => {
  const inject = (when: string, clients: number): string => {
    const fault = `inject=clone3:error=EAGAIN:when=${when}`
    return underStrace(['-e', 'trace=clone3,clone', '-e', fault], 'scarce', String(clients))
  }

  it.skipIf(!hasStrace)('for a while: the connection waits and is served', () => {
    expect(inject('3..6', 10)).toBe(`served 10\n${stats(10)}`)
  })
  it.skipIf(!hasStrace)('for longer: one connection is refused and counted, the next are served', () => {
    expect(inject('3..8', 10)).toBe(`served 9\n${stats(10, 1, 1)}`)
  })
})

describe('I/O ordered by one thread', () => {
  it('400 connections, a thread each', () => {
    expect(run('io')).toBe('threads that wait: 0\ndescriptors left 0')
  })
  it('400 connections on threads that are used again', () => {
    expect(run('io-pool')).toBe('threads that wait: 8\ndescriptors left 0')
  })
  it('writes while a read is blocked, reads while a write is, and closing ends both', () => {
    expect(run('both-directions')).toBe('blocked write -32 cancelled write -125 read over yes close 0')
  })
  it('half-close after the last write, idle timeout, a peer that is gone', () => {
    expect(run('ends')).toBe('idle -11 end 0 broken -32')
  })
})

describe('helgrind', () => {
  it.skipIf(!hasValgrind).each([
    ['thread-a-connection', `${stats(400)}\ndescriptors left 0`],
    ['pool', `${stats(400)}\ndescriptors left 0`],
    ['few-threads', `${stats(200)}\ndescriptors left 0`],
    ['shutdown', stats(10)],
    ['io', 'threads that wait: 0\ndescriptors left 0'],
    ['io-pool', 'threads that wait: 8\ndescriptors left 0'],
    ['both-directions', 'blocked write -32 cancelled write -125 read over yes close 0'],
  ])(
    '%s',
    (name, outcome) => {
      const [valgrind, ...options] = helgrind
      const said = execFileSync(valgrind, [...options, plain, name], { cwd: root, encoding: 'utf8', timeout: 60_000 })
      expect(said.trimEnd()).toBe(outcome)
    },
    120_000,
  )
})
