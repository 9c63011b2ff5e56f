// native/core/reactor: run by a C++ program without Node, under the sanitizers that work here.
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { sanitizerWorks, Workshop } from '../support/compile.js'
import { CorePrograms } from '../support/core-programs.js'

const workshop = new Workshop()
const ring = new CorePrograms('io_uring_test', ['reactor/io_uring.cc', 'ring/ring.cc'])
afterAll(() => {
  workshop[Symbol.dispose]()
  ring[Symbol.dispose]()
})

const accepting = ['accept', 'end', 'handled', 'idle', 'idle_wheel', 'operations', 'reactor', 'stream']
const backends = ['completed', 'epoll', 'io_uring', 'poll', 'select', 'waiter']
const handlers = ['echo', 'fibonacci', 'handler', 'running']
const sources = [
  'test/core/reactor_test.cc',
  ...[...accepting, ...backends].map((name) => `native/core/reactor/${name}.cc`),
  'native/core/ring/ring.cc',
  ...handlers.map((name) => `native/core/handlers/${name}.cc`),
]

const programs = new Map<string, string>()
function program(sanitizer: string): string {
  const flags = sanitizer === '' ? [] : [`-fsanitize=${sanitizer}`]
  const name = `reactor_test_${sanitizer.replace(',', '_')}`
  if (!programs.has(name)) programs.set(name, workshop.program(name, sources, flags))
  return programs.get(name)!
}

const say = (sanitizer: string, ...args: string[]): string => {
  const env = { TSAN_OPTIONS: 'halt_on_error=1', UBSAN_OPTIONS: 'halt_on_error=1' }
  return execFileSync(program(sanitizer), args, { encoding: 'utf8', timeout: 60_000, env })
}

const refused = Number(say('', 'io_uring', 'available'))
const uring = refused ? `io_uring (skipped: errno ${refused})` : 'io_uring'

describe.each(['', 'thread', 'address,undefined'])('sanitizer "%s"', (sanitizer) => {
  const skip = sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks)

  describe.each(['epoll', 'epoll-edge', 'poll', 'select', uring])('%s', (backend) => {
    it.skipIf(skip || backend.includes('skipped')).each(['records', 'native', 'pausing'])(
      '160 connections of 4 threads, large, small and reset, each byte right: %s',
      (who) => {
        expect(say(sanitizer, backend, who)).toBe('accepted 160 active 0 wrong 0 same 1\ndescriptors left 0\n')
      },
      240_000,
    )

    it.skipIf(skip || backend.includes('skipped'))(
      'an answer that the kernel takes a part of goes out whole, though nobody says anything more',
      () => {
        expect(say(sanitizer, backend, 'large')).toBe('got 1048576\ndescriptors left 0\n')
      },
      240_000,
    )

    it.skipIf(skip || backend.includes('skipped'))(
      'without a descriptor for 300 clients none is lost: all are served when there are some again',
      () => {
        expect(say(sanitizer, backend, 'scarce')).toBe('accepted 300 wrong 0\ndescriptors left 0\n')
      },
      240_000,
    )
  })
})

describe.skipIf(refused > 0).each(['', 'address,undefined'])('io_uring by itself, sanitizer "%s"', (sanitizer) => {
  const skip = sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks)
  const said = (what: string): string[] =>
    execFileSync(ring.with(sanitizer), [what], { encoding: 'utf8', timeout: 60_000 }).trimEnd().split('\n')

  it.skipIf(skip)(
    'a request that was followed by another says nothing about that one',
    () => {
      const seen = ['bytes 16384 without buffer 2 lapsed 1', 'bytes 16384', 'given up: bytes 0']
      expect(said('follow')).toEqual(seen)
    },
    120_000,
  )

  it.skipIf(skip)(
    'sends whose completions the ring has no room for are told, and write nowhere later',
    () => {
      expect(said('no room')).toEqual(['sends told right 60 of 60, received by 100'])
    },
    120_000,
  )

  it.skipIf(skip)(
    'a client that was accepted and that nobody hears of is closed',
    () => {
      expect(said('untold')).toEqual(['the untold client reads 0, descriptors left 0'])
    },
    120_000,
  )
})

it('the idle wheel cuts off nobody early, and nobody late', () => {
  const wheel = workshop.program(
    'idle_wheel_test',
    ['test/core/idle_wheel_test.cc', 'native/core/reactor/idle_wheel.cc'],
    [],
  )
  expect(execFileSync(wheel, { encoding: 'utf8', timeout: 60_000 }).split('\n')).toEqual([
    ...[1, 31, 200, 30000].map((timeout) => `timeout ${timeout}: some expired 1, wrong 0, deadline 0`),
    '',
  ])
})

it('what comes late of a slot’s last client is nobody’s, and who floods is not received from', () => {
  const [, ...rest] = sources
  const script = workshop.program('reactor_script_test', ['test/core/reactor_script_test.cc', ...rest], [])
  expect(execFileSync(script, { encoding: 'utf8', timeout: 60_000 }).split('\n')).toEqual([
    "the slot's first client 1, what came late of it 0, its second 1",
    'receives 1, with more than a share held 0, when that is told 1',
    '',
  ])
}, 240_000)
