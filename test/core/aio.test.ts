// native/core/aio: run by a C++ program without Node, under the sanitizers that work here.
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { sanitizerWorks } from '../support/compile.js'
import { CorePrograms } from '../support/core-programs.js'

const programs = new CorePrograms('aio_test', ['aio.cc', 'thread_server/thread_start.cc'])
afterAll(() => programs[Symbol.dispose]())

describe.each(['', 'thread', 'address,undefined'])('sanitizer "%s"', (sanitizer) => {
  const skip = sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks)
  // A plain fork() copies AddressSanitizer's own locks as they are: a child that finds one held stands still, once in many runs.
  const again = { timeout: 200_000, retry: sanitizer.startsWith('address') ? 2 : 0 }
  const env = { TSAN_OPTIONS: 'halt_on_error=1 die_after_fork=0', UBSAN_OPTIONS: 'halt_on_error=1' }

  it.skipIf(skip).each([
    ['4,001 requests are done once each', 'load', 'results 2000 same 1'],
    ['a bad descriptor is the result', 'failing', '-9 -9'],
    ['what waits is given up, what is at work is waited for', 'cancelled', 'waiting 1 twice 0 after -125'],
    ['a child makes its own, the parent goes on', 'forked', 'child 42 parent 1'],
  ])('%s', again, (_, name, said) => {
    expect(execFileSync(programs.with(sanitizer), [name], { encoding: 'utf8', timeout: 60_000, env })).toBe(`${said}\n`)
  })
})
