// forkedWorker(): what it is told and tells, how it ends, and that nothing of it is left. The gate of each case counts descriptors, threads
// and children.
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../support/run-fixture.js'

const run = <T>(name: string): Promise<T> => runFixture<T>('forked-worker', name, { timeout: 25_000 })
const file = 'ERR_INVALID_ARG_TYPE'

describe('a forked worker', () => {
  it('answers from the heap of its parent as it was at the end of the turn', async () => {
    expect(await run('talks')).toEqual({
      heard: [42, 1, null],
      pid: 'number',
      ended: { code: 0, signal: null },
      code: 0,
      connected: false,
    })
  })

  it('has the events of a child process, in their order', async () => {
    expect(await run('listens')).toEqual(['spawn', [1, true], [{ two: [2] }, true], 'last', ['exit', 0, null]])
  })

  it('is sent what structured clone takes, and names what it does not', async () => {
    expect(await run('values')).toEqual({
      map: [[1, ['é', '中']]],
      date: 5,
      big: true,
      cyclic: true,
      bytes: 'bytes',
      own: true,
      floats: [1.5, 2.5],
      nothing: true,
      refused: {
        code: DOMException.DATA_CLONE_ERR,
        message: 'message.list[0] cannot be sent: () => 1 could not be cloned.',
      },
    })
  })

  it('is sent messages of 50 MB, and tells when they have gone', async () => {
    const heard = [50_000_007, 50_000_008]
    expect(await run('large')).toEqual({ more: [false, false], waiting: true, heard, left: 0 })
  })

  it('waits while its parent is behind', async () => {
    expect(await run('backPressure')).toEqual({ count: 20_000, small: true, ended: { code: 0, signal: null } })
  })

  it('keeps the order of messages of all sizes', async () => {
    expect(await run('order')).toBe(3000)
  })

  it('tells what it threw, wherever that is heard', async () => {
    expect(await run('errors')).toEqual({
      typed: [true, 'above', 'ABOVE', 'below'],
      stack: true,
      late: [true, 'late'],
      rejected: 'rejected',
      heard: 'heard',
      iterated: 'iterated',
      own: ['own affair', 0],
    })
  })

  it('tells how it ended, and takes a signal that was asked for as no fault', async () => {
    const code = 'ERR_POSIX_ASYNC_CHILD'
    const death = (exitCode: number | null, signal: string | null, message: unknown): object => ({
      ...{ code, exitCode, signal, message, events: [exitCode, signal] },
    })
    expect(await run('deaths')).toEqual({
      exit: death(3, null, 'child PID exited with code 3'),
      crash: death(null, 'SIGSEGV', expect.stringContaining('was killed by SIGSEGV')),
      unsettled: death(13, null, expect.stringMatching(/can never come$/)),
      zero: { code: 0, signal: null },
      exitCode: death(4, null, 'child PID exited with code 4'),
      asked: { code: null, signal: 'SIGTERM' },
      later: { code: null, signal: 'SIGUSR2' },
      quiet: { code: 0, signal: null },
      terminated: { code: null, signal: 'SIGKILL' },
      after: [false, 'ERR_IPC_CHANNEL_CLOSED'],
    })
  })

  it('is killed when the signal aborts', async () => {
    const told = (message: string): object => ({ message })
    expect(await run('aborts')).toEqual({
      midway: told('enough'),
      early: told('too early'),
      before: told('before'),
    })
  })

  it('is sent descriptors and sends them, and none that nobody took stays open', async () => {
    expect(await run('handles')).toEqual({
      text: true,
      destroyed: true,
      through: 'through a pipe',
      two: 'true true',
      told: ['back'],
      twice: 'twice',
      dropped: [-1],
    })
  })

  it('refuses handles that are none, or in use', async () => {
    const [type, range] = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE']
    expect(await run('refusedHandles')).toEqual({
      codes: ['EBADF', type, range, type, 'ERR_INVALID_STATE', type, range],
      used: 'sent', // nothing was read from it, and what was sent is in the kernel
      closed: 'ERR_INVALID_STATE',
      uncloneable: DOMException.DATA_CLONE_ERR,
    })
  })

  it('talks with another one through a channel of their own', async () => {
    expect(await run('ports')).toEqual({
      heard: ['one heard hello from two', 'two heard hello from one'],
      local: 2,
      connected: [false, false],
    })
  })

  it('has standard streams of its own where it is to', async () => {
    expect(await run('stdio')).toEqual({
      out: ['to stdout\n', 300_010],
      err: 'to stderr\n',
      said: 'to stdin',
      none: [null, null, null],
    })
  })

  it('keeps its parent alive, or does not', async () => {
    expect(await run('references')).toBe('alive')
    const { report, code, left } = await endOf('forked-worker', 'leaves')
    expect([typeof (report?.result as { pid: number }).pid, code]).toEqual(['number', 0])
    expect(left.filter((line) => !/^\d+ Z/.test(line))).toEqual([])
  })

  it('has limits of its own', async () => {
    expect(await run('limits')).toEqual({ nofile: 64, code: 'ERR_POSIX_ASYNC_CHILD', cause: true })
  })

  it('refuses bad arguments before it forks', async () => {
    const [value, range] = ['ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE']
    expect(await run('badArguments')).toEqual([file, file, file, file, value, file, file, value, range, file])
  })

  it('is killed for a message that is larger than agreed', async () => {
    expect(await run('tooLarge')).toEqual({
      code: 'ERR_POSIX_ASYNC_REPORT',
      message: expect.stringContaining('of which it may have 1000') as string,
    })
  })

  it('is not that of another child of its parent', async () => {
    expect(await run('elsewhere')).toEqual({ told: 'ERR_INVALID_STATE', own: 'inner', said: 'still there' })
  })

  it('keeps the AsyncLocalStorage of the caller', async () => {
    expect(await run('context')).toBe('of the caller')
  })

  it('is refused in a Worker', async () => {
    expect(await run('inWorker')).toBe('ENOTSUP')
    expect(constants.errno.ENOTSUP).toBeGreaterThan(0)
  })

  it('has nothing of its siblings open', async () => {
    expect(await run('siblings')).toBe(1)
  })

  it('exchanges 100,000 messages, and sixty workers one each, with nothing left', async () => {
    expect(await run('many')).toEqual({ grown: 'little' })
    expect(await run('generations')).toBe('none left')
  })
})
