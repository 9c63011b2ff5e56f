// native/core/reactor with clients of small segments that read slowly, each with a letter of its own: no byte of one
// reaches another, and nothing of a native handler's is freed while the handler is at work. Without Node, by each back end.
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { sanitizerWorks } from '../support/compile.js'
import { CorePrograms } from '../support/core-programs.js'

const parts = ['accept', 'completed', 'end', 'epoll', 'handled', 'idle', 'idle_wheel', 'io_uring', 'operations', 'poll']
const reactor = [...parts, 'reactor', 'select', 'stream', 'waiter'].map((name) => `reactor/${name}.cc`)
const handlers = ['echo', 'fibonacci', 'handler', 'running'].map((name) => `handlers/${name}.cc`)
const programs = new CorePrograms('reactor_letters_test', [...reactor, ...handlers, 'ring/ring.cc'])
afterAll(() => programs[Symbol.dispose]())

const say = (sanitizer: string, ...args: string[]): string => {
  const options = { encoding: 'utf8', timeout: 120_000, env: { TSAN_OPTIONS: 'halt_on_error=1' } } as const
  return execFileSync(programs.with(sanitizer), args, options)
}
const refused = Number(say('', 'io_uring', 'available'))

describe.each(['', 'thread', 'address,undefined'])('sanitizer "%s"', (sanitizer) => {
  const skip = sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks)

  describe.each(['epoll', 'epoll-edge', 'poll', 'select', 'io_uring'])('%s', (backend) => {
    it.skipIf(skip || (backend === 'io_uring' && refused > 0)).each(['records', 'copies', 'native'])(
      'each of 24 clients is sent its own letter, whatever the kernel takes at once: %s',
      (who) => {
        expect(say(sanitizer, backend, who)).toBe('right 24 of 24, foreign bytes 0, states left 0\n')
      },
      240_000,
    )
  })
})
