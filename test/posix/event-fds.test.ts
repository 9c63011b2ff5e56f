// sys/eventfd.h and sys/timerfd.h, from outside. Times are asserted from below only: a timer is never early, but may be late.
import { describe, expect, it } from 'vitest'
import * as posix from '../../lib/posix/index.js'
import { runFixture } from '../support/run-fixture.js'

describe('eventfd', () => {
  it('A30 (LTP eventfd01): a count of 0 would block, a buffer below 8 bytes is EINVAL', async () => {
    expect(await runFixture('event-fds', 'A30')).toEqual({
      empty: null,
      asRead: null,
      shortBuffer: { code: 'EINVAL', errno: -22, syscall: 'read', message: 'EINVAL: invalid argument, read' },
      sum: '7n',
      again: null,
    })
  })

  it('holds 0 to 2**64 - 2, and would block beyond', async () => {
    expect(await runFixture('event-fds', 'limits')).toMatchObject({
      initial: '4294967295n',
      most: true,
      full: null,
      tooMuch: { code: 'EINVAL', syscall: 'eventfd_write' },
      all: '18446744073709551614n',
    })
  })

  it('EFD_SEMAPHORE gives one at a time', async () => {
    expect(await runFixture('event-fds', 'semaphore')).toEqual(['1n', '1n', null])
  })

  it.each([
    ['eventfd(-1)', () => posix.eventfd(-1), 'ERR_OUT_OF_RANGE'],
    ['eventfd(2 ** 32)', () => posix.eventfd(2 ** 32), 'ERR_OUT_OF_RANGE'],
    ["eventfd('1')", () => posix.eventfd('1' as never), 'ERR_INVALID_ARG_TYPE'],
    ['eventfd_read(-1)', () => posix.eventfd_read(-1), 'ERR_OUT_OF_RANGE'],
    ['eventfd_write(0, -1n)', () => posix.eventfd_write(0, -1n), 'ERR_OUT_OF_RANGE'],
    ['eventfd_write(0, 2n ** 64n)', () => posix.eventfd_write(0, 2n ** 64n), 'ERR_OUT_OF_RANGE'],
    ['eventfd_write(0, 2 ** 53)', () => posix.eventfd_write(0, 2 ** 53), 'ERR_OUT_OF_RANGE'],
    ['eventfd_write(0, null)', () => posix.eventfd_write(0, null as never), 'ERR_INVALID_ARG_TYPE'],
  ])('%s is refused before any system call', (_, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code }))
  })
})

describe('timerfd', () => {
  it('A31 (LTP timerfd01): relative, absolute, repeated and non-blocking, on each clock', async () => {
    const each = {
      count: '1n',
      notEarly: true,
      after: { value: 0, interval: 0 },
      reached: true,
      notTooMany: true,
      every: 2,
      disarmed: { value: 0, interval: 0 },
      early: null,
      within: true,
      interval: 0.5,
    }
    expect(await runFixture('event-fds', 'A31')).toEqual({ monotonic: each, realtime: each, boottime: each })
  })

  it('A32 (gVisor timerfd.cc SetToPastExpiresEventually): the first nanosecond is past, and expires once', async () => {
    expect(await runFixture('event-fds', 'A32')).toEqual(['1n', '1n'])
  })

  it('keeps fractions of milliseconds to the nanosecond, and never rounds to disarmed', async () => {
    const kept = [0.000001, 0.000001, 0.25, 1000, 1000, 86_400_000.5]
    expect(await runFixture('event-fds', 'fractions')).toEqual(kept)
  })

  it.each([
    ['a negative time', () => posix.timerfd_settime(0, 0, { value: -1 }), 'ERR_OUT_OF_RANGE'],
    ['NaN', () => posix.timerfd_settime(0, 0, { value: NaN }), 'ERR_OUT_OF_RANGE'],
    ['Infinity', () => posix.timerfd_settime(0, 0, { value: 1, interval: Infinity }), 'ERR_OUT_OF_RANGE'],
    ['a bare number', () => posix.timerfd_settime(0, 0, 5 as never), 'ERR_INVALID_ARG_TYPE'],
    ['no value', () => posix.timerfd_settime(0, 0, {} as never), 'ERR_INVALID_ARG_TYPE'],
  ])('%s is refused before any system call', (_, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code }))
  })

  it.each([
    ['timerfd_create', () => posix.timerfd_create(99), 'EINVAL'],
    ['timerfd_gettime', () => posix.timerfd_gettime(1023), 'EBADF'],
    ['timerfd_settime', () => posix.timerfd_settime(1023, 0, { value: 1 }), 'EBADF'],
    ['clock_gettime', () => posix.clock_gettime(99), 'EINVAL'],
  ])('an error of %s names it', (syscall, call, code) => {
    expect(call).toThrow(expect.objectContaining({ code, syscall }))
  })
})

it('eventfd, timerfd, signalfd and pidfd are close-on-exec from birth', async () => {
  expect(await runFixture('event-fds', 'closeOnExec')).toEqual([1, 1, 1, 1, 1])
})
