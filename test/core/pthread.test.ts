// native/core/pthread: run by a C++ program without Node, under the sanitizers and under helgrind where they work here.
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { root, sanitizerWorks } from '../support/compile.js'
import { CorePrograms } from '../support/core-programs.js'
import { hasValgrind, helgrind } from '../support/valgrind.js'

const handlers = ['echo', 'fibonacci', 'handler', 'running'].map((name) => `handlers/${name}.cc`)
const programs = new CorePrograms('pthread_test', ['pthread.cc', 'start_routine.cc', ...handlers])
afterAll(() => programs[Symbol.dispose]())

const run = (file: string, args: string[]): string =>
  execFileSync(file, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    env: { TSAN_OPTIONS: 'halt_on_error=1', UBSAN_OPTIONS: 'halt_on_error=1' },
  }).trimEnd()

const outcomes = [
  ['storm', 'some joined yes unknown errors 0'],
  ['watch', 'told 300'],
  ['ring', 'left to join 1 with Resource deadlock avoided'],
  ['itself', 'Resource deadlock avoided'],
] as const

// The first case of each also compiles the program.
const PATIENCE = 360_000

describe.each(['', 'thread', 'address,undefined'])('sanitizer "%s"', (sanitizer) => {
  const skip = sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks)
  it.skipIf(skip).each(outcomes)(
    '%s',
    (name, outcome) => {
      expect(run(programs.with(sanitizer), [name])).toBe(outcome)
    },
    PATIENCE,
  )
})

describe('helgrind', () => {
  it.skipIf(!hasValgrind).each(outcomes)(
    '%s',
    (name, outcome) => {
      const [valgrind, ...options] = helgrind
      // 1,200 threads take it 9 s of a processor, and more than there is time for where another job has that one.
      const args = name === 'storm' ? [name, '50'] : [name]
      expect(run(valgrind, [...options, programs.with(''), ...args])).toBe(outcome)
    },
    PATIENCE,
  )
})
