// sys/wait.h and sys/pidfd.h, from outside: the children are those of programs of their own (test/fixtures/children.ts).
import { describe, expect, it } from 'vitest'
import * as posix from '../../lib/posix/index.js'
import { Workshop } from '../support/compile.js'
import { runFixture } from '../support/run-fixture.js'
import { cannotTrace, withFaults } from '../support/strace.js'

const macros = (status: number) => ({
  exited: posix.WIFEXITED(status) && posix.WEXITSTATUS(status),
  signaled: posix.WIFSIGNALED(status) && posix.WTERMSIG(status),
  core: posix.WIFSIGNALED(status) && posix.WCOREDUMP(status),
  stopped: posix.WIFSTOPPED(status) && posix.WSTOPSIG(status),
  continued: posix.WIFCONTINUED(status),
})

const nothing = { exited: false, signaled: false, core: false, stopped: false, continued: false }

describe('the macros of wait status', () => {
  it.each([
    ['_exit(0)', 0x0000, { exited: 0 }],
    ['_exit(1)', 0x0100, { exited: 1 }],
    ['_exit(42)', 10752, { exited: 42 }],
    ['_exit(255)', 0xff00, { exited: 255 }],
    ['SIGTERM', 0x000f, { signaled: 15 }],
    ['SIGKILL', 0x0009, { signaled: 9 }],
    ['SIGSEGV with a core dump', 0x008b, { signaled: 11, core: true }],
    ['SIGRTMAX', 0x0040, { signaled: 64 }],
    ['stopped by SIGSTOP', 0x137f, { stopped: 19 }],
    ['stopped by SIGTTOU', 0x167f, { stopped: 22 }],
    ['continued', 0xffff, { continued: true }],
  ])('%s', (_, status, expected) => {
    expect(macros(status)).toEqual({ ...nothing, ...expected })
  })
})

// Children that die of a signal leave no core file.
const under = ['sh', '-c', 'ulimit -c 0; exec "$@"', 'sh']

describe('waitpid and waitid', () => {
  it('A13 (LTP waitpid09): WNOHANG while it runs, when it has ended, and with no children', async () => {
    expect(await runFixture('children', 'A13')).toEqual({
      running: { pid: 0, status: 0 },
      own: true,
      exited: 3,
      none: 'ECHILD',
      noneBlocking: { code: 'ECHILD', errno: -10, syscall: 'waitpid', message: 'ECHILD: no child processes, waitpid' },
    })
  })

  it('A14 (LTP waitpid01): a child killed by a signal is reported as that signal, for each', async () => {
    expect(await runFixture('children', 'A14', { under, timeout: 25_000 })).toEqual([])
  })

  it('A15 (LTP pidfd_open04): PIDFD_NONBLOCK makes waitid EAGAIN while the child lives', async () => {
    expect(await runFixture('children', 'A15')).toEqual({
      nonblock: true,
      alive: {
        code: 'EAGAIN',
        errno: -11,
        syscall: 'waitid',
        message: 'EAGAIN: resource temporarily unavailable, waitid',
      },
      exited: true,
      status: 6,
      reaped: 'ECHILD',
    })
  })

  it('A16 (LTP waitpid10): 8 children that exit, sleep, compute, or fork and reap 50, all reaped', async () => {
    expect(await runFixture('children', 'A16', { timeout: 25_000 })).toEqual({ wrong: [], missing: 0, then: 'ECHILD' })
  })

  it('A34 (CPython _test_eintr.py OSEINTRTest.test_waitpid): waitpid goes on under 20 signals a second', async () => {
    expect(await runFixture('children', 'A34 waitpid')).toEqual({ result: { exited: 7 }, interrupted: true })
  })

  it('A34 (CPython _test_eintr.py, waitid likewise): waitid goes on under 20 signals a second', async () => {
    expect(await runFixture('children', 'A34 waitid')).toEqual({ result: 7, interrupted: true })
  })

  it('A16 again, with EINTR put into every second wait: none comes through', async ({ skip }) => {
    if (cannotTrace) skip(cannotTrace)
    const { result, faults } = await withFaults('wait4,waitid', 'error=EINTR:when=1+2', (under) =>
      runFixture('children', 'A16', { under, timeout: 25_000 }),
    )
    expect(result).toEqual({ wrong: [], missing: 0, then: 'ECHILD' })
    expect(faults).toBeGreaterThanOrEqual(100)
  })

  it('a child that stops, continues and is killed is seen to', async () => {
    const expected = { seen: posix.SIGSTOP, stopped: posix.SIGSTOP, continued: true, nothing: null, killed: 9 }
    expect(await runFixture('children', 'stopped', { under })).toEqual(expected)
  })

  it.each([
    ['waitpid', () => posix.waitpid(2 ** 22 + 1), 'ECHILD'],
    ['waitpid', () => posix.waitpid(-1, 0x4000), 'EINVAL'],
    ['waitid', () => posix.waitid(posix.P_PID, process.ppid, posix.WEXITED), 'ECHILD'],
    ['waitid', () => posix.waitid(posix.P_ALL, 0, posix.WNOHANG), 'EINVAL'],
    ['waitid', () => posix.waitid(posix.P_PIDFD, 1023, posix.WEXITED), 'EBADF'],
  ])('an error of %s names it', (syscall, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code, syscall }))
  })

  it.each([
    ["waitpid('1')", () => posix.waitpid('1' as never), 'ERR_INVALID_ARG_TYPE'],
    ['waitpid(1.5)', () => posix.waitpid(1.5), 'ERR_OUT_OF_RANGE'],
    ['waitpid(2 ** 31)', () => posix.waitpid(2 ** 31), 'ERR_OUT_OF_RANGE'],
    ['waitpid(-(2 ** 31))', () => posix.waitpid(-(2 ** 31)), 'ERR_OUT_OF_RANGE'],
    ['waitid(P_PID, -1, WEXITED)', () => posix.waitid(posix.P_PID, -1, posix.WEXITED), 'ERR_OUT_OF_RANGE'],
    ['waitid(P_PID, 1)', () => posix.waitid(posix.P_PID, 1, undefined as never), 'ERR_INVALID_ARG_TYPE'],
  ])('%s is refused before any system call', (_, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code }))
  })
})

describe('waitpidAsync', () => {
  it('reaps its own children while child_process reaps its own', async () => {
    expect(await runFixture('children', 'beside', { under })).toEqual({
      own: true,
      ours: [{ exited: 1 }, { exited: 2 }, { exited: 3 }, { signal: 'SIGTERM' }, { exited: 4 }],
      theirs: [11, 12, 'SIGTERM', 13],
      none: 'ECHILD',
    })
  })

  it('reaps its own with EINTR put into every second wait', async ({ skip }) => {
    if (cannotTrace) skip(cannotTrace)
    const { result, faults } = await withFaults('waitid', 'error=EINTR:when=1+2', (under) =>
      runFixture('children', 'many', { under, timeout: 25_000 }),
    )
    expect(result).toEqual([])
    expect(faults).toBeGreaterThanOrEqual(40)
  })

  it('waits for 40 children at once', async () => {
    expect(await runFixture('children', 'many')).toEqual([])
  })

  it('takes a timeout and a signal, reaps once, and refuses who is no child', async () => {
    const noChild = { code: 'ECHILD', syscall: 'waitid' }
    const { both, ...others } = await runFixture<{ both: unknown[] }>('children', 'limits')
    const reaped = { returned: expect.objectContaining({ status: 9 << 8 }) }
    expect(both).toEqual(expect.arrayContaining([reaped, expect.objectContaining(noChild)]))
    expect(others).toMatchObject({
      late: { pid: 0, status: 0 },
      codes: [20, 20],
      again: { code: 'ECHILD', syscall: 'waitpid' },
      stranger: noChild,
      nobody: { code: 'ECHILD', syscall: 'waitpid' },
    })
  })

  it('waits on where a tracer has not yet taken note of the end (ptrace)', async ({ skip }) => {
    if (cannotTrace) skip(cannotTrace)
    using workshop = new Workshop()
    const args = [workshop.executable('tracer', ['test/fixtures/tracer.c'])]
    const end = { late: 0, code: 20, ended: { exited: 42 }, tracer: 0 }
    expect(await runFixture('children', 'traced', { args })).toEqual(end)
  })

  it.each([
    ['a fraction', 0.5, 'ERR_OUT_OF_RANGE'],
    ['-(2 ** 31)', -(2 ** 31), 'ERR_OUT_OF_RANGE'],
    ['a string', '1' as never, 'ERR_INVALID_ARG_TYPE'],
  ])('rejects %s before any system call', async (_, pid, code) => {
    await expect(posix.waitpidAsync(pid)).rejects.toMatchObject({ code })
  })
})

describe('pidfd', () => {
  it('never names another process, though that has the number of the one that ended', async ({ skip }) => {
    const { untouched, ...old } = await runFixture<Record<string, unknown>>('children', 'reuse', { under })
    const message = 'ESRCH: no such process, pidfd_send_signal'
    const toOld = { code: 'ESRCH', errno: -3, syscall: 'pidfd_send_signal', message }
    expect(old).toEqual({ ended: { signal: 'SIGTERM' }, toOld, waitOld: 'ECHILD' })
    if (untouched === null) skip('the number could not be had again: /proc/sys/kernel/ns_last_pid is not writable')
    expect(untouched).toEqual({ exited: 5 })
  })

  it('pidfd_getfd gives a second descriptor for an open file of another process', async () => {
    expect(await runFixture('children', 'getfd')).toEqual({ text: 'through', none: 'EBADF' })
  })

  it.each([
    ['pidfd_open', () => posix.pidfd_open(2 ** 22 + 1), 'ESRCH'],
    ['pidfd_open', () => posix.pidfd_open(process.pid, 1), 'EINVAL'],
    ['pidfd_send_signal', () => posix.pidfd_send_signal(1023, 'SIGTERM'), 'EBADF'],
    ['pidfd_getfd', () => posix.pidfd_getfd(1023, 0), 'EBADF'],
  ])('an error of %s names it', (syscall, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code, syscall }))
  })

  it.each([
    ['pidfd_open(0)', () => posix.pidfd_open(0), 'ERR_OUT_OF_RANGE'],
    ["pidfd_send_signal(0, 'TERM')", () => posix.pidfd_send_signal(0, 'TERM' as never), 'ERR_UNKNOWN_SIGNAL'],
    ['pidfd_send_signal(-1, 0)', () => posix.pidfd_send_signal(-1, 0), 'ERR_OUT_OF_RANGE'],
    ['pidfd_getfd(0, -1)', () => posix.pidfd_getfd(0, -1), 'ERR_OUT_OF_RANGE'],
  ])('%s is refused before any system call', (_, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code }))
  })
})
