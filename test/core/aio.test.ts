// native/core/aio: run by a C++ program without Node, under the sanitizers that work here.
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { sanitizerWorks, Workshop } from '../support/compile.js'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const programs = new Map<string, string>()
function program(sanitizer: string): string {
  const flags = sanitizer === '' ? [] : [`-fsanitize=${sanitizer}`]
  const name = `aio_test_${sanitizer.replace(',', '_')}`
  const sources = ['test/core/aio_test.cc', 'native/core/aio.cc', 'native/core/thread_start.cc']
  if (!programs.has(name)) programs.set(name, workshop.program(name, sources, flags))
  return programs.get(name)!
}

describe.each(['', 'thread', 'address,undefined'])('sanitizer "%s"', (sanitizer) => {
  const skip = sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks)
  const env = { TSAN_OPTIONS: 'halt_on_error=1 die_after_fork=0', UBSAN_OPTIONS: 'halt_on_error=1' }

  it.skipIf(skip).each([
    ['4,001 requests are done once each', 'load', 'results 2000 same 1'],
    ['a bad descriptor is the result', 'failing', '-9 -9'],
    ['what waits is given up, what is at work is waited for', 'cancelled', 'waiting 1 twice 0 after -125'],
    ['a child makes its own, the parent goes on', 'forked', 'child 42 parent 1'],
  ])(
    '%s',
    (_, name, said) => {
      expect(execFileSync(program(sanitizer), [name], { encoding: 'utf8', timeout: 60_000, env })).toBe(`${said}\n`)
    },
    120_000,
  )
})
