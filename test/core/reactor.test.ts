// native/core/reactor: run by a C++ program without Node, under the sanitizers that work here.
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { sanitizerWorks, Workshop } from '../support/compile.js'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const reactor = ['accept', 'epoll', 'handled', 'poll', 'reactor', 'select', 'stream', 'waiter']
const handlers = ['echo', 'fibonacci', 'handler', 'running']
const sources = [
  'test/core/reactor_test.cc',
  ...reactor.map((name) => `native/core/reactor/${name}.cc`),
  ...handlers.map((name) => `native/core/handlers/${name}.cc`),
]

const programs = new Map<string, string>()
function program(sanitizer: string): string {
  const flags = sanitizer === '' ? [] : [`-fsanitize=${sanitizer}`]
  const name = `reactor_test_${sanitizer.replace(',', '_')}`
  if (!programs.has(name)) programs.set(name, workshop.program(name, sources, flags))
  return programs.get(name)!
}

describe.each(['', 'thread', 'address,undefined'])('sanitizer "%s"', (sanitizer) => {
  const skip = sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks)
  const env = { TSAN_OPTIONS: 'halt_on_error=1', UBSAN_OPTIONS: 'halt_on_error=1' }

  describe.each(['epoll', 'epoll-edge', 'poll', 'select'])('%s', (backend) => {
    it.skipIf(skip).each(['records', 'native'])(
      '160 connections of 4 threads, large, small and reset, each byte right: %s',
      (who) => {
        const said = execFileSync(program(sanitizer), [backend, who], { encoding: 'utf8', timeout: 60_000, env })
        expect(said).toBe('accepted 160 active 0 wrong 0 same 1\ndescriptors left 0\n')
      },
      240_000,
    )
  })
})
