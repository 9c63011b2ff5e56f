// sys/mman.h: memory that forked processes share, and what becomes of it.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

describe('mmap', () => {
  it('Atomics over it count right in four processes at once', async () => {
    expect(await runFixture('memory', 'shared')).toEqual({ before: [0, 0], after: 200_000, length: 0, view: 0 })
  })

  it('A03 (gVisor PrivateMemory, SharedMapping): only mapped memory is shared with a child, both ways', async () => {
    expect(await runFixture('memory', 'A03')).toEqual({
      shared: [1, 2, 0, 0],
      own: [0, 2, 0, 0],
      threads: [0, 2, 0, 0],
      inChild: [0, 0],
    })
  })

  it('munmap detaches and gives the memory back, once, and only what mmap gave', async () => {
    expect(await runFixture('memory', 'munmap')).toEqual({
      mapped: 1,
      left: 0,
      foreign: 'ERR_INVALID_ARG_VALUE',
      none: 'ERR_INVALID_ARG_TYPE',
    })
  })

  it('what is forgotten is given back by the collector', async () => {
    expect(await runFixture('memory', 'collected')).toEqual({ some: true, left: 0 })
  })

  it('a view keeps it, and a transfer does not take it away', async () => {
    expect(await runFixture('memory', 'keptByView')).toEqual({ last: 7, length: 64 })
  })

  it('what JavaScript could not live with is refused', async () => {
    expect(await runFixture('memory', 'refused')).toEqual([
      'ERR_INVALID_ARG_TYPE',
      'ERR_OUT_OF_RANGE',
      'ERR_OUT_OF_RANGE',
      'ERR_OUT_OF_RANGE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_VALUE',
    ])
  })

  // AddressSanitizer ends a process whose address space is limited.
  it.skipIf(process.env['LD_PRELOAD']?.includes('libasan'))('ENOMEM is an ErrnoError', async () => {
    const seen = await runFixture<{ message: string }>('memory', 'noMemory')
    expect(seen.message).toBe('ENOMEM: not enough memory, mmap')
  })
})
