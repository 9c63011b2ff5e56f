// docs/io-models.md is true: the system calls of each kind of I/O, as strace sees them, are those of its timelines.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { root } from '../support/compile.js'
import { noRing, whyNoRing } from '../support/io-uring.js'
import { cannotTrace } from '../support/strace.js'

interface Call {
  isMain: boolean
  name: string
  text: string
}

// "27466 read(19, "later", 4096) = 5"; one that others interrupt is begun in one line, "<unfinished ...>", and ended in a later one.
function parse(log: string): Call[] {
  const calls: Call[] = []
  const begun = new Map<string, Call>()
  for (const line of log.trimEnd().split('\n')) {
    const [, pid, resumed, name, text] = /^(\d+) +(<\.\.\. )?(\w+)[ (](.*)$/.exec(line) ?? []
    if (!pid || !name || text === undefined) continue // a signal, an end
    const call = resumed ? begun.get(pid) : { isMain: line.startsWith(`${log.split(' ')[0]} `), name, text }
    if (resumed && call) call.text += text
    else if (call) calls.push(call)
    if (call && text.includes('<unfinished')) begun.set(pid, call)
  }
  return calls
}

/** The calls between the marks of a case of test/fixtures/four-kinds.ts. */
function callsOf(kind: string): Call[] {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-kinds-'))
  try {
    const log = join(folder, 'log')
    const trace = 'trace=read,write,pread64,poll,epoll_wait,epoll_pwait,io_uring_enter'
    const program = join(root, 'dist/test/fixtures/four-kinds.js')
    const args = ['-f', '-qq', '-o', log, '-e', trace, process.execPath, program, kind]
    expect(execFileSync('strace', args, { encoding: 'utf8', timeout: 20_000 })).toBe('5\n')
    const calls = parse(readFileSync(log, 'utf8'))
    const [from, to] = ['"begin"', '"end"'].map((mark) => calls.findIndex(({ text }) => text.includes(mark)))
    return calls.slice(from! + 1, to)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const names = (calls: readonly Call[]): string[] => calls.filter(({ isMain }) => isMain).map(({ name }) => name)

describe.skipIf(cannotTrace)('the system calls of', () => {
  it('blocking: one read, which waits', () => {
    expect(names(callsOf('blocking'))).toEqual(['read'])
  })

  it('non-blocking: read after read, all but the last EAGAIN', () => {
    const reads = callsOf('nonBlocking').filter(({ isMain, name }) => isMain && name === 'read')
    expect(reads.length).toBeGreaterThan(1)
    expect(reads.slice(0, -1).every(({ text }) => text.includes('EAGAIN'))).toBe(true)
    expect(reads.at(-1)!.text).toContain('"later"')
  })

  it('multiplexed: one wait for both, and a read that does not wait', () => {
    expect(names(callsOf('multiplexed'))).toEqual(['epoll_wait', 'read'])
  })

  it('asynchronous, POSIX AIO: another thread reads, an eventfd tells', () => {
    const calls = callsOf('aio')
    expect(calls.filter(({ name }) => name === 'pread64').map(({ isMain }) => isMain)).toEqual([false])
    expect(names(calls)).toContain('epoll_pwait')
  })

  it.skipIf(noRing)(`asynchronous, io_uring: nobody calls read for it${whyNoRing}`, () => {
    const calls = callsOf('ring')
    expect(names(calls)).toContain('io_uring_enter')
    expect(calls.filter(({ name, text }) => name.includes('read') && text.includes('"later"'))).toEqual([])
  })
})
