// readAsync and writeAsync: they never block the loop, and never touch memory that is gone.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const MiB = 1 << 20

describe('writeAsync', () => {
  it('A19 (gVisor BlockPartialWriteClosed): a write cut by its reader resolves the partial count, the next is EPIPE', async () => {
    expect(await runFixture('async-io', 'A19')).toEqual({
      partial: 65536,
      next: { code: 'EPIPE', errno: -32, syscall: 'write', message: 'EPIPE: broken pipe, write' },
    })
  })

  it('A20 (gVisor NonblockingLargeWrite): a large write is short, would block, and nothing is lost', async () => {
    const seen = await runFixture<{ first: number; whole: number; size: number; isEqual: boolean }>('async-io', 'A20')
    expect(seen).toMatchObject({ whole: 8 * MiB, size: 8 * MiB, isEqual: true })
    expect(seen.first).toBeGreaterThan(0)
    expect(seen.first).toBeLessThan(8 * MiB)
  })
})

describe('memory', () => {
  it('A64 (Node test-worker-message-port-arraybuffer): a buffer transferred while a read waits is an error, no byte is lost', async () => {
    const result = { code: 'ERR_INVALID_STATE', untouched: true, kept: 'late' }
    expect(await runFixture('async-io', 'A64')).toEqual(result)
  })

  it('A64: the same while the pool reads a file', async () => {
    expect(await runFixture('async-io', 'A64file')).toEqual({ code: 'ERR_INVALID_STATE', untouched: true })
  })

  it('A64: a buffer transferred in the middle of a write ends it with what had gone out', async () => {
    expect(await runFixture('async-io', 'A64write')).toEqual({
      drained: 65536,
      partial: 65536,
      next: 'ERR_INVALID_STATE',
    })
  })

  it('detached, resizable and wrong memory, and bad descriptors, are refused up front', async () => {
    expect(await runFixture('async-io', 'refused')).toEqual([
      'ERR_INVALID_STATE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_OUT_OF_RANGE',
      'ERR_OUT_OF_RANGE',
      'EBADF',
      'ERR_INVALID_ARG_TYPE',
    ])
  })

  it('shared memory is read into and written from', async () => {
    expect(await runFixture('async-io', 'shared')).toEqual({
      written: 3,
      count: 3,
      bytes: [0, 0, 1, 2, 3, 0, 0, 0],
      back: [1, 2, 3],
    })
  })
})

describe('waiting', () => {
  it('a blocking-mode pipe and socket do not block the loop', async () => {
    expect(await runFixture('async-io', 'neverBlocks')).toEqual({ counts: [8, 4, MiB, MiB], turned: true })
  })

  it('works in a Worker', async () => {
    expect(await runFixture('async-io', 'fromWorker')).toEqual({ count: 5, back: 'there' })
  })

  it('a signal and a time limit end it; a write that was under way resolves its count', async () => {
    const result = { message: 'enough', before: 'enough', late: 'TimeoutError', partial: 65536 }
    expect(await runFixture('async-io', 'abort')).toEqual(result)
  })

  it('a descriptor closed while a read waits is EBADF', async () => {
    expect(await runFixture('async-io', 'closed')).toMatchObject({ code: 'EBADF' })
  })
})

describe('files', () => {
  it('are read and written whole, and their errors are ErrnoErrors', async () => {
    expect(await runFixture('async-io', 'file')).toEqual({
      written: 3 * MiB,
      read: 3 * MiB,
      isEqual: true,
      end: 0,
      nothing: 0,
      notWritable: 'EBADF',
      isFolder: 'EISDIR',
    })
  })
})
