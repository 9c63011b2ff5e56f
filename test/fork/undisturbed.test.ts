// fork() disturbs no thread of another library: whatever call it is blocked in goes on, for as long as it was to last. The threads are those
// of test/fixtures/blocked.c.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { endOf } from '../support/run-fixture.js'

const workshop = new Workshop()
let library: string
beforeAll(() => (library = workshop.sharedObject('blocked.so', ['test/fixtures/blocked.c', '-pthread', '-lrt'])))
afterAll(() => workshop[Symbol.dispose]())

const said = async (name: string, forks: number): Promise<Record<string, string>> => {
  const { stdout, stderr, code } = await endOf('fork-undisturbed', name, {
    args: [library, String(forks)],
    timeout: 30_000,
  })
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(': ')),
  ) as Record<string, string>
}

// What each call gives when its time is over.
const [none, over, again] = ['0', 'ETIMEDOUT', 'EAGAIN']
const ofTime = {
  ...{ poll: none, ppoll: none, 'syscall(ppoll)': none, select: none, pselect: none },
  ...{ nanosleep: none, 'nanosleep with a rest': none, usleep: none },
  ...{ clock_nanosleep: none, 'clock_nanosleep until': none },
  ...{ sem_wait: over, sem_clockwait: over, futex: over, 'futex until': over },
  ...{ pthread_cond_wait: over, pthread_mutex_lock: over, mq_receive: over },
}
// The kernel tells nobody how much of their time is left: such threads are not interrupted.
const ofUnknownRest = {
  ...{ epoll_wait: none, epoll_pwait2: none, io_getevents: none },
  ...{ sigtimedwait: again, semtimedop: again },
  ...{ recv: again, read: again, send: again, recvmmsg: again, accept: again },
}

describe('a thread of another library that is blocked at a fork', () => {
  it.each([1, 5])('without a time limit: nothing wakes it, %i forks', { timeout: 40_000 }, async (forks) => {
    expect(await said('no limit', forks)).toEqual({})
  })

  it.each([0, 1, 5])(
    'with a time limit: it waits for what is left of it, %i forks',
    { timeout: 40_000 },
    async (forks) => {
      expect(await said('limit', forks)).toEqual({ ...ofTime, ...ofUnknownRest })
    },
  )

  it(
    'that wakes up all the time: each child is a good one, and none that was given up is left',
    { timeout: 40_000 },
    async () => {
      const args = [library, '40']
      const { stdout, stderr, left } = await endOf('fork-undisturbed', 'lively', { args, timeout: 30_000 })
      expect({ said: stdout.trim(), stderr, left }).toEqual({
        said: JSON.stringify({ ends: '7'.repeat(40), others: 'ECHILD' }),
        stderr: '',
        left: [],
      })
    },
  )
})
