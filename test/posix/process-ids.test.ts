// Who the process is, and becoming somebody else in every thread; alarm and daemon.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

describe('process ids', () => {
  it('agree with the process, and are right in forked children', async () => {
    expect(await runFixture('files', 'ids')).toEqual({
      pid: true,
      ppid: true,
      tid: true,
      session: true,
      group: true,
      users: true,
      groups: true,
      leader: 'EPERM',
      nobody: 'ESRCH',
      negative: 'ERR_OUT_OF_RANGE',
      child: [true, true, true, true],
      newSession: true,
    })
  })

  it('a Worker has a thread number of its own', async () => {
    expect(await runFixture('files', 'workerTid')).toBe(true)
  })

  it.runIf(process.getuid?.() === 0)('root drops groups and user in every thread, and does not come back', async () => {
    expect(await runFixture('files', 'drop')).toEqual({
      tooMany: 'EINVAL',
      groups: [11, 12],
      effective: [0, 65534, 0],
      back: ['EPERM', 'EPERM', 'EPERM', 'EPERM'],
      threads: ['65534 65534 65534 65534 | 65534 65534 65534 65534 | '],
    })
  })

  it('alarm gives what was left, and SIGALRM comes', async () => {
    const seen = await runFixture<{ first: number; left: number; after: number }>('files', 'alarm')
    expect(seen).toMatchObject({ first: 0, after: 0 })
    expect(seen.left).toBeGreaterThan(90)
  })

  it('daemon goes on in a session of its own, away from terminal and folder', async () => {
    const nothing = '/dev/null'
    expect(await runFixture('files', 'daemon')).toEqual({
      status: 0,
      folder: '/',
      links: [nothing, nothing, nothing],
      leads: true,
      reparented: true,
      end: 0,
    })
  })
})
