// Programs started by posix_spawn (spawn.h) and executed by exec (unistd.h), from outside.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('spawns', name)

describe('posix_spawn', () => {
  it('starts a program with descriptors mapped, opened and closed, and a folder of its own', async () => {
    expect(await run('spawn')).toEqual({
      ...{ plain: ['b:sh', 3], mapped: 'mapped', kept: 'mapped', opened: 0, isThere: [true, true], closed: 'closed' },
      found: ['by PATH', 0],
    })
  })

  it('blocks nothing and ignores nothing unless it is told to; sessions and groups', async () => {
    expect(await run('attributes')).toEqual({
      ...{ blocked: '0000000000000000', wanted: 1 << 11, pipes: false, isLeader: [1, 1] },
    })
  })

  it('tells exactly why a program could not be started, and leaves no child', async () => {
    expect(await run('failures')).toEqual({
      codes: ['ENOENT', 'EACCES', 'EBADF', 'ENOENT', 'ERR_INVALID_ARG_VALUE'],
      refused: [
        ...['ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE'],
        ...['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE'],
        ...['ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE'],
        'ERR_INVALID_ARG_TYPE',
      ],
      children: 'ECHILD',
    })
  })

  it('works in a Worker', async () => {
    expect(await run('worker')).toBe(6)
  })
})

it('exec: another program in the place of this one, or an exact error and this one goes on', async () => {
  expect(await run('exec')).toEqual({
    all: [
      ...[
        ['new', 4],
        ['list', 0],
        ['script runs', 0],
        ['kept', 0],
        ['alone', 0],
        ['by descriptor', 0],
      ],
      ['', -13],
    ],
    ...{ number: -9, code: 'ENOENT', pipeStays: true },
    codes: ['EACCES', 'ERR_INVALID_ARG_VALUE', 'ENOENT', 'EBADF', 'ERR_INVALID_ARG_TYPE'],
  })
})
