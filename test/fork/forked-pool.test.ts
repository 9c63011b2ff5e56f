// forkedPool(), and forked.map() in chunks: every task is done once or told why not, and no process, descriptor or memory is left.
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../support/run-fixture.js'

const run = <T>(name: string): Promise<T> => runFixture<T>('forked-pool', name, { timeout: 25_000 })
const death = 'ERR_POSIX_ASYNC_CHILD'

describe('a pool of forked workers', () => {
  it('does tasks over the data of the fork, and of the next one', async () => {
    expect(await run('runs')).toEqual({
      results: [1, 2, 3, 4, 5, 6],
      pids: 2,
      versions: [1, 7],
      renewed: true,
      forks: 4,
      completed: 8,
      recorded: [8, 8],
    })
  })

  it('tells what went wrong with a task, and goes on', async () => {
    const clone = DOMException.DATA_CLONE_ERR
    expect(await run('errors')).toEqual({
      thrown: { code: 'THROWN', message: 'thrown' },
      ...{ clone, task: clone, exit: death, crash: death, after: 'still there', signal: 'ERR_INVALID_ARG_TYPE' },
    })
  })

  it('has tasks wait, as many as may', async () => {
    expect(await run('queue')).toEqual({ waiting: 3, refused: 'ERR_OUT_OF_RANGE', left: 0, completed: 6 })
  })

  it('gives up a task that waits, and kills the worker of one that does not', async () => {
    expect(await run('aborts')).toEqual({
      told: [{ message: 'stuck' }, { message: 'not wanted' }, 2],
      exited: death,
      before: { message: 'b' },
    })
  })

  it('loses the task of a worker that is killed, and no other', async () => {
    expect(await run('killed')).toEqual({ done: 29, last: death, after: 100 })
  })

  it('is forked anew under load, with every task done once', async () => {
    expect(await run('reforks')).toEqual({ all: true, count: 500, last: 5, pids: 2 })
  })

  it('ends at once, or when all is done', async () => {
    const gone = 'ERR_INVALID_STATE'
    expect(await run('ends')).toEqual({ destroyed: [gone, gone], closed: [1, 2, 3, 4], after: [gone, gone, gone] })
  })

  it('tells each task where no worker comes up', async () => {
    expect(await run('starved')).toMatchObject({ codes: Array(5).fill('EPERM') })
  })

  it('believes nothing of a worker that was taken over', async () => {
    expect(await run('hostile')).toEqual(Array(5).fill('ERR_POSIX_ASYNC_REPORT'))
  })

  it('refuses bad arguments before it forks', async () => {
    const [type, range] = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE']
    expect(await run('badArguments')).toEqual([type, type, range, type, range, range, range])
  })

  it('is forked anew by itself after a time', async () => {
    expect(await run('byTime')).toEqual([1, 2])
  })

  it('does not keep the program alive', async () => {
    const { report, code } = await endOf('forked-pool', 'idle')
    expect([report?.result, code]).toEqual([5, 0])
  })

  it('does 100,000 tasks with nothing left', async () => {
    expect(await run('many')).toEqual({ completed: 100_000, grown: 'little' })
  })
})

describe('forked.map in chunks', () => {
  it('forks a child for some items, and names the one that failed', async () => {
    const [type, range] = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE']
    expect(await run('chunks')).toEqual({
      results: [0, 1, 4, 9, 16, 25, 36, 49, 64, 81],
      order: true,
      children: 3,
      failed: ['six', 6],
      codes: [range, range, type],
      none: [],
    })
  })
})
