// pthread.h: threads made and joined, each case a program of its own with the leak gate, on start routines of a shared object that is compiled here.
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { runFixture, type FixtureOptions } from '../support/run-fixture.js'

const workshop = new Workshop()
const hasStrace = spawnSync('strace', ['-V']).status === 0
// AddressSanitizer keeps what was freed for a while, so memory says nothing under it.
const freedIsKept = process.env['LD_PRELOAD']?.includes('libasan')
let library = ''

beforeAll(() => {
  library = workshop.sharedObject('routines.so', ['test/fixtures/routines.c', '-pthread'])
})
afterAll(() => workshop[Symbol.dispose]())

const run = (name: string, options: FixtureOptions = {}): Promise<unknown> =>
  runFixture('pthreads', name, { timeout: 30_000, args: [library], ...options })

describe('pthread_create', () => {
  it('hands over a number or a copy of bytes, and what the routine returns comes back', async () => {
    expect(await run('values')).toEqual({
      lesson: 42,
      text: 7,
      none: 0,
      part: 3,
      numbers: [-1, 0, Number.MAX_SAFE_INTEGER],
      largest: '9223372036854775807n',
      early: 7,
      fibonacci: 10_946,
      sleep: 1,
    })
  })

  it('refuses what cannot be, by code', async () => {
    expect(await run('refused')).toEqual({
      name: 'ERR_INVALID_ARG_VALUE',
      type: 'ERR_INVALID_ARG_TYPE',
      handler: 'ERR_INVALID_ARG_VALUE',
      file: 'ERR_DLOPEN_FAILED',
      symbol: 'ERR_DLOPEN_FAILED',
      arg: 'ERR_OUT_OF_RANGE',
      object: 'ERR_INVALID_ARG_TYPE',
      detached: 'ERR_INVALID_ARG_TYPE',
      small: 'EINVAL',
      huge: 'EAGAIN',
      cpus: 'EINVAL',
      cpu: 'EINVAL',
      beyond: 'ERR_OUT_OF_RANGE',
      nobody: ['ESRCH', 'ESRCH', 'ESRCH'],
      zero: 'ERR_OUT_OF_RANGE',
      signal: 'EINVAL',
      canceled: 'EPERM',
      longName: 'ERANGE',
      noCpu: 'EINVAL',
    })
  })

  it('A37 (open_posix pthread_create/14-1): a storm of signals, 1,000 threads, and never EINTR', async () => {
    expect(await run('A37')).toEqual({ errors: [], heard: true })
  })

  it.skipIf(!hasStrace || freedIsKept)(
    '1,000 times EAGAIN of clone3: an error each, and no stack and no argument is left',
    async () => {
      const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=clone3', '-e', 'signal=none']
      const fault = ['-e', 'inject=clone3:error=EAGAIN:when=60+']
      const seen = (await run('eagain', { under: [...under, ...fault] })) as { growth: number; stacks: number }
      expect(seen).toMatchObject({ first: 'EAGAIN', codes: ['EAGAIN'] })
      expect(seen.stacks).toBeLessThan(100)
      expect(seen.growth).toBeLessThan(1024 * 1024)
    },
  )

  it('has stack, guard, processors and name as asked', async () => {
    expect(await run('attributes')).toEqual({
      made: { detached: false, stackSize: 256 * 1024, guardSize: 64 * 1024 },
      cpus: [0],
      name: 'fifteen letters',
      seen: true,
      all: true,
      result: 1,
      after: ['ESRCH', 'ESRCH'],
      used: 1,
      isDetached: true,
    })
  })
})

describe('pthread_join', () => {
  it('leaves the event loop free, and is for one at a time', async () => {
    expect(await run('joining')).toEqual({
      running: null,
      second: 'EINVAL',
      detached: 'EINVAL',
      result: 60,
      turned: true,
      again: ['ESRCH', 'pthread_join'],
      tried: 5,
    })
  })

  it('gives up in time or when told to, and the thread can be joined again', async () => {
    const names = ['AbortError', 'AbortError']
    expect(await run('giving-up')).toEqual({ late: ['ETIMEDOUT', 'pthread_join'], names, result: true })
  })

  it('A38 (open_posix pthread_join/1-1, 1-2): waits until the thread has really ended', async () => {
    expect(await run('A38')).toEqual({ later: true, tasks: 0 })
  })

  it('A39 (open_posix pthread_detach/4-1, 1-1): detaching twice and joining what is detached are EINVAL', async () => {
    expect(await run('A39-errors')).toEqual(['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL'])
  })

  it.skipIf(freedIsKept)('A39 (open_posix pthread_detach/4-1): 10,000 detached threads leave no memory', async () => {
    expect(await run('A39-memory')).toBeLessThan(2 * 1024 * 1024)
  })

  it('A40 (glibc tst-join5): joining itself, or who waits for oneself, is EDEADLK and hangs nobody', async () => {
    expect(await run('A40')).toEqual({
      self: 'EDEADLK',
      promise: 'EDEADLK',
      tried: 'EDEADLK',
      circular: [true, true, true],
      chain: 30,
      foreign: 'EINVAL',
    })
  })

  it('3,000 random calls on numbers in any state give results or errors, never more', async () => {
    expect(await run('random')).toMatchObject({ unknown: [] })
  })
})
