// writeHeapSnapshot(): a file that DevTools reads, of the parent's heap, whole or not at all.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

describe('writeHeapSnapshot', () => {
  let folder = ''
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'posix-async-'))))
  afterEach(() => rmSync(folder, { recursive: true }))
  const run = <T>(name: string): Promise<T> => runFixture<T>('snapshots', name, { args: [folder], timeout: 25_000 })

  it('writes the heap of the parent in the format of DevTools, over an older file, for its owner only', async () => {
    const left = ['one.heapsnapshot']
    expect(await run('written')).toEqual({ result: true, faults: [], marked: true, mode: '600', left })
  })

  it('rejects with code and path when the disk is full, and leaves nothing', async ({ skip }) => {
    const end = await run<object | undefined>('onFullDisk')
    if (!end) return skip('no file system can be mounted here')
    const says = "ENOSPC: no space left on device, write 'PATH'"
    expect(end).toEqual({ is: true, code: 'ENOSPC', path: true, says, left: [] })
  })

  it('rejects with code and path where it cannot write, before it forks where that can be known', async () => {
    const failure = (code: string, says: string) => ({ is: true, code, path: true, says: `${code}: ${says} 'PATH'` })
    expect(await run('refused')).toEqual({
      absent: [failure('ENOENT', 'no such file or directory, open'), 0],
      notFolder: [failure('ENOTDIR', 'not a directory, open'), 0],
      directory: failure('EISDIR', 'illegal operation on a directory, rename'),
      large: failure('EFBIG', 'file too large, write'),
      late: 'ETIMEDOUT',
      aborted: 'This operation was aborted',
      arguments: ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE'],
      left: ['directory'],
    })
  })

  it('leaves nothing when the child is killed half-way', async () => {
    expect(await run('killed')).toEqual({ code: 'ERR_POSIX_ASYNC_CHILD', left: [] })
  })
})
