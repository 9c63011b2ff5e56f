// signal.h and sys/signalfd.h, from outside.
import { describe, expect, it } from 'vitest'
import * as posix from '../../lib/posix/index.js'
import { endOf, runFixture } from '../support/run-fixture.js'

const { SIGHUP, SIGRTMAX, SIGRTMIN, SIGTERM, SIGUSR1, SIGUSR2, SI_QUEUE, SI_USER } = posix

describe('signals that are blocked', () => {
  it('A33 (gVisor signalfd.cc MaskWorks): a signalfd takes its mask only, of signals sent to the process', async () => {
    expect(await runFixture('signals', 'A33')).toEqual({
      before: [],
      open: 0,
      none: null,
      masked: null,
      pending: [SIGUSR2],
      caught: [SIGUSR1],
      afterChange: [SIGUSR2],
    })
  })

  it('A33 (gVisor signalfd.cc KillStillKills): SIGKILL cannot be taken', async () => {
    const { signal, report, left } = await endOf('signals', 'A33 kill')
    expect({ signal, report, left }).toEqual({ signal: 'SIGKILL', report: undefined, left: [] })
  })

  it('a signalfd loses none of 500 real-time signals, while threads begin after the mask was set', async () => {
    expect(await runFixture('signals', 'queued')).toEqual({ open: 0, count: 500, inOrder: true })
  })

  it('a signalfd of a forked child takes what is sent to the child', async () => {
    expect(await runFixture('signals', 'forked')).toEqual({ caught: 20, blocked: [] })
  })

  it('a signalfd says who sent what', async () => {
    expect(await runFixture('signals', 'siginfo')).toEqual({
      plain: [SIGUSR2, SI_USER],
      queued: [SIGRTMAX, SI_QUEUE, -7],
      fromSelf: [true, true],
    })
  })

  it('sigtimedwait looks, waits its time, and takes', async () => {
    expect(await runFixture('signals', 'sigtimedwait')).toEqual({
      nothing: null,
      late: null,
      notEarly: true,
      signo: SIGRTMIN + 1,
      code: SI_QUEUE,
      fromSelf: true,
      int: 42,
    })
  })

  it('sigprocmask blocks, unblocks, sets, and gives what was', async () => {
    expect(await runFixture('signals', 'masks')).toEqual({
      before: [],
      afterBlock: [SIGHUP, SIGUSR2, SIGRTMAX],
      afterUnblock: [SIGUSR2, SIGRTMAX],
      afterSet: [SIGTERM],
      afterAll: [],
    })
  })

  it('pthread_sigmask blocks for the calling thread', async () => {
    expect(await runFixture('signals', 'threadOnly')).toEqual({ pending: [SIGUSR2], taken: true })
  })

  it('sigprocmask in a Worker reaches the main thread too', async () => {
    expect(await runFixture('signals', 'fromWorker')).toEqual({ open: 0, pending: [SIGUSR2] })
  })
})

describe('signals that are handled', () => {
  it('A34 (CPython _test_eintr.py OSEINTRTest.test_read): a blocking read is whole under 20 signals a second', async () => {
    expect(await runFixture('signals', 'A34')).toEqual({ whole: 10, interrupted: true })
  })

  it('A34 (CPython _test_eintr.py SignalEINTRTest.test_sigtimedwait): the wait goes on with the time that remains', async () => {
    expect(await runFixture('signals', 'A34 sigtimedwait')).toEqual({
      nothing: null,
      notEarly: true,
      interrupted: true,
    })
  })

  it('A36 (libuv test-signal.c we_get_signals_mixed): persistent, one-shot and removed listeners beside a signalfd', async () => {
    const seen = { persistent: 3, once: 1, removed: 1, never: 0, other: 0, ours: 3 }
    expect(await runFixture('signals', 'A36')).toEqual(seen)
  })

  it('signal() sets the default or ignores, and says what was', async () => {
    expect(await runFixture('signals', 'dispositions')).toEqual({
      ignored: posix.SIG_DFL,
      restored: posix.SIG_IGN,
      nodes: null,
      pipe: posix.SIG_IGN,
      kill: { code: 'EINVAL', errno: -22, syscall: 'signal', message: 'EINVAL: invalid argument, signal' },
    })
  })

  it('SIG_DFL takes effect over a listener', async () => {
    const { signal, left } = await endOf('signals', 'default')
    expect({ signal, left }).toEqual({ signal: 'SIGUSR2', left: [] })
  })
})

describe('signals as arguments', () => {
  it.each([
    [15, 'SIGTERM'],
    [6, 'SIGABRT'],
    [29, 'SIGIO'],
    [34, 'SIGRTMIN'],
    [37, 'SIGRTMIN+3'],
    [64, 'SIGRTMIN+30'],
  ])('signalName(%i) is %s, and the name is taken where the number is', (number, name) => {
    expect(posix.signalName(number)).toBe(name)
    expect(() => posix.kill(2 ** 22 + 1, name as posix.Signal)).toThrow(expect.objectContaining({ code: 'ESRCH' }))
  })

  it('signal 0 only asks', () => {
    expect(posix.kill(process.pid, 0)).toBeUndefined()
  })

  it.each([
    ["kill(1, 'TERM')", () => posix.kill(1, 'TERM' as never), 'ERR_UNKNOWN_SIGNAL'],
    ["kill(1, 'SIGRTMIN+31')", () => posix.kill(1, 'SIGRTMIN+31'), 'ERR_UNKNOWN_SIGNAL'],
    ["kill(1, 'toString')", () => posix.kill(1, 'toString' as never), 'ERR_UNKNOWN_SIGNAL'],
    ['kill(1, 65)', () => posix.kill(1, 65), 'ERR_OUT_OF_RANGE'],
    ['kill(1, 1.5)', () => posix.kill(1, 1.5), 'ERR_OUT_OF_RANGE'],
    ['kill(1)', () => posix.kill(1, undefined as never), 'ERR_INVALID_ARG_TYPE'],
    ["kill('1', 0)", () => posix.kill('1' as never, 0), 'ERR_INVALID_ARG_TYPE'],
    ['raise(0)', () => posix.raise(0), 'ERR_OUT_OF_RANGE'],
    ['sigqueue(0, 10)', () => posix.sigqueue(0, 10), 'ERR_OUT_OF_RANGE'],
    ['sigprocmask(SIG_BLOCK, 10)', () => posix.sigprocmask(posix.SIG_BLOCK, 10 as never), 'ERR_INVALID_ARG_TYPE'],
    ['sigprocmask(SIG_BLOCK, [0])', () => posix.sigprocmask(posix.SIG_BLOCK, [0]), 'ERR_OUT_OF_RANGE'],
    ['sigtimedwait([10], NaN)', () => posix.sigtimedwait([10], NaN), 'ERR_OUT_OF_RANGE'],
    ['signal(10, () => {})', () => posix.signal(10, (() => {}) as never), 'ERR_INVALID_ARG_VALUE'],
    ['signalfd(-2, [])', () => posix.signalfd(-2, []), 'ERR_OUT_OF_RANGE'],
    ['signalfd_read(0, 0)', () => posix.signalfd_read(0, 0), 'ERR_OUT_OF_RANGE'],
  ])('%s is refused before any system call', (_, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code }))
  })

  it.each([
    ['sigprocmask', () => posix.sigprocmask(77, ['SIGUSR2']), 'EINVAL'],
    ['kill', () => posix.kill(2 ** 22 + 1, 'SIGTERM'), 'ESRCH'],
    ['sigqueue', () => posix.sigqueue(2 ** 22 + 1, 'SIGTERM', 1), 'ESRCH'],
    ['signalfd', () => posix.signalfd(1023, ['SIGUSR2']), 'EBADF'],
  ])('an error of %s names it', (syscall, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code, syscall }))
  })
})
