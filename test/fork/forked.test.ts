// forked(): what comes back from a child, what does not, and every way for it to end. The gate of each case sees that nothing is left.
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = <T>(name: string): Promise<T> => runFixture<T>('forked', name, { timeout: 25_000 })

describe('forked', () => {
  it('sees the heap of the parent and changes its own', async () => {
    expect(await run('heap')).toEqual({ sum: 4_999_950_000, own: 1 })
  })

  it('gives what structured clone gives, and awaits', async () => {
    expect(await run('values')).toEqual({
      map: [['a', [1]]],
      date: '1970-01-01T00:00:00.000Z',
      big: true,
      bytes: 'bytes',
      floats: true,
      holes: true,
      regexp: 'gi',
      point: { x: 1, plain: true },
      cyclic: true,
      thenable: 7,
    })
  })

  it('gives errors with class, message, stack, cause, code and fields', async () => {
    expect(await run('errors')).toEqual({
      typed: [true, 'above', 'ABOVE', false],
      stack: true,
      cause: ['below', 'BELOW'],
      enumerable: ['code'],
      ring: ['ring', null],
      file: ['ENOENT', -constants.errno.ENOENT, 'open', '/nowhere/at/all'],
      errno: [true, 'ErrnoError', 'EBADF: bad file descriptor, close', 'EBADF', -constants.errno.EBADF, 'close'],
      own: [true, 'OwnError', { deep: [1, 2] }, false],
      all: [true, ['RangeError: one', '2']],
      dom: [true, 'AbortError', DOMException.ABORT_ERR],
      primitives: ['text', null, null, null],
      getter: { message: 'from a getter' },
    })
  })

  it('names the part of a result that cannot be cloned', async () => {
    const messages = [
      'the result cannot be sent to the parent: () => 1 could not be cloned.',
      'result.list[1]["a key"] cannot be sent to the parent: Symbol(s) could not be cloned.',
      'result.get("key").values()[1] cannot be sent to the parent: () => 2 could not be cloned.',
      'the result cannot be sent to the parent: #<SharedArrayBuffer> could not be cloned.',
      'result[0] cannot be sent to the parent: #<Promise> could not be cloned.',
    ]
    expect(await run('refused')).toEqual(
      messages.map((message) => [true, 'DataCloneError', DOMException.DATA_CLONE_ERR, message]),
    )
  })

  it('takes in 100 MB a mebibyte a turn of the loop', async () => {
    const { same, all, most } = await run<{ same: boolean; all: boolean; most: number }>('large')
    expect({ same, all }).toEqual({ same: true, all: true })
    expect(most).toBeLessThanOrEqual((2 << 20) + 8) // and what is left in the pipe when the child has ended
  })

  it('tells how a child ended that had no result', async () => {
    const code = 'ERR_POSIX_ASYNC_CHILD'
    const early = 'before it had a result'
    expect(await run('deaths')).toEqual({
      exit: { code, exitCode: 7, signal: null, message: `child PID exited with code 7 ${early}` },
      processExit: { code, exitCode: 3, signal: null, message: `child PID exited with code 3 ${early}` },
      zero: { code, exitCode: 0, signal: null, message: `child PID exited with code 0 ${early}` },
      killed: { code, exitCode: null, signal: 'SIGKILL', message: expect.stringContaining('OOM killer') as string },
      aborted: { code, exitCode: null, signal: 'SIGABRT', message: expect.stringContaining('by SIGABRT') as string },
      unsettled: { code, exitCode: 13, signal: null, message: expect.stringMatching(/can never come$/) as string },
    })
  })

  it('gives what nobody caught in the child, whoever listens in the parent', async () => {
    expect(await run('uncaught')).toEqual([true, 'late', true, 'nobody'])
  })

  it('kills the child when the signal aborts, and forks none for one that has', async () => {
    expect(await run('aborts')).toEqual({
      midway: { code: 'ENOUGH', message: 'enough' },
      beforeFork: { code: DOMException.ABORT_ERR, message: 'This operation was aborted' },
      ran: false,
      forks: 0,
      timedOut: { code: DOMException.TIMEOUT_ERR, message: 'The operation was aborted due to timeout' },
      length: 8,
    })
  })

  it('kills a child that takes too long, busy or idle', async () => {
    expect(await run('timeout')).toEqual({
      busy: { code: 'ETIMEDOUT', message: expect.stringMatching(/^child \d+ was not done within 30 ms$/) as string },
      idle: 'ETIMEDOUT',
      enough: 'done',
      none: [1, 2],
    })
  })

  it('sets limits in the child only', async () => {
    const used = 'child PID was killed by SIGXCPU, under limits: its limit of processor time is used up'
    expect(await run('limits')).toEqual({
      cpu: ['ERR_POSIX_ASYNC_CHILD', 'SIGXCPU', used],
      nofile: { soft: 50, hard: 60 },
      refused: 'EPERM',
      parent: false,
      full: 'EMFILE',
    })
  })

  // The sanitizer itself ends such a child, with a code of its own.
  it.skipIf(process.env['LD_PRELOAD']?.includes('libasan'))(
    'survives a child that takes more memory than it may',
    async () => {
      const [code, killed, message] = await run<[string, boolean, string]>('memory')
      expect([code, killed]).toEqual(['ERR_POSIX_ASYNC_CHILD', true])
      expect(message).toMatch(/^child PID was killed by SIG\w+, under limits: /)
    },
  )

  it('refuses bad arguments before it forks', async () => {
    const [type, value, range] = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE']
    expect(await run('badArguments')).toEqual({
      codes: [
        ...[type, type, type, type, type, type, range],
        ...[range, type, value, range],
        ...[type, range],
        ...[type, type, type, range, type, type],
      ],
      forks: 0,
    })
  })

  it('has nothing of the parent fire, and no listener or pipe of others open', async () => {
    expect(await run('silent')).toEqual({
      fired: 0,
      pipes: [true, []],
      listener: [true, false, false],
      pids: 3,
      ppid: true,
    })
  })

  it('ends with its parent', async () => {
    expect(await run('orphan')).toEqual({ known: true, end: 0 })
  })

  it('rejects with EMFILE before it forks, and leaves no child that it cannot wait for', async () => {
    // With 0 to 6 descriptors free; the pipe takes two, the child's event loop two, and the fork may take one for itself.
    const { enough, outcomes } = await run<{ enough: boolean; outcomes: string[] }>('exhausted')
    expect(enough).toBe(true)
    expect(outcomes.filter((outcome) => outcome !== 'EMFILE' && outcome !== 'ran')).toEqual([])
    expect([outcomes[0], outcomes[1], outcomes[6]]).toEqual(['EMFILE', 'EMFILE', 'ran'])
  })

  it('keeps the AsyncLocalStorage of the caller', async () => {
    expect(await run('context')).toBe('of the caller')
  })

  it('works inside a child, and sixty at once', async () => {
    expect(await run('nested')).toEqual({ inner: [11, 21], code: 'ERR_POSIX_ASYNC_CHILD' })
    expect(await run('many')).toEqual({ order: true, pids: 60 })
  })

  it('is refused in a Worker', async () => {
    expect(await run('inWorker')).toBe(-constants.errno.ENOTSUP)
  })
})

describe('forked.map', () => {
  it('gives results in order, with so many children at once', async () => {
    const squares = [5, 6, 7, 8, 9, 10, 11, 12].map((item, index) => [item * item, index])
    expect(await run('map')).toEqual({ squares, most: true, none: [], all: ['A', 'B', 'C'] })
  })

  it('rejects with the first failure and its index, and kills the rest', async () => {
    expect(await run('mapFails')).toEqual({
      error: ['two', 'TWO', 2, 3],
      aborted: ['This operation was aborted', false],
      late: ['ETIMEDOUT', 1],
      primitive: 'text',
      warnings: [],
    })
  })
})
