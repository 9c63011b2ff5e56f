// sys/resource.h: limits that bite, and use that is counted.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

describe('limits', () => {
  it('are set, read back, and refused', async () => {
    expect(await runFixture('memory', 'limits')).toEqual({
      lowered: 1,
      hard: true,
      old: true,
      back: true,
      core: 0,
      infinite: true,
      bad: [
        'EINVAL',
        'ERR_OUT_OF_RANGE',
        'ERR_OUT_OF_RANGE',
        'ERR_OUT_OF_RANGE',
        'ERR_INVALID_ARG_TYPE',
        'ESRCH',
        'EINVAL',
      ],
    })
  })

  it('a limit of descriptors makes every creator fail with EMFILE, and none leaks', async () => {
    expect(await runFixture('memory', 'emfile')).toEqual([
      'EMFILE: too many open files, socket',
      'EMFILE: too many open files, socketpair',
      'EMFILE: too many open files, pipe2',
      'EMFILE: too many open files, dup',
      "EMFILE: too many open files, open '/dev/null'",
    ])
  })
})

describe('getrusage', () => {
  it('counts time in milliseconds and memory in KiB, of the process, the thread and the children', async () => {
    expect(await runFixture('memory', 'usage')).toEqual({
      thread: true,
      noChildren: 0,
      sameUnits: true,
      faults: true,
    })
  })
})
