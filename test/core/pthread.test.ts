// native/core/pthread: run by a C++ program without Node, under the sanitizers and under helgrind where they work here.
import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { root, sanitizerWorks, Workshop } from '../support/compile.js'
import { hasValgrind, helgrind } from '../support/helgrind.js'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const handlers = ['echo', 'fibonacci', 'handler', 'running'].map((name) => `native/core/handlers/${name}.cc`)
const sources = ['test/core/pthread_test.cc', 'native/core/pthread.cc', 'native/core/start_routine.cc', ...handlers]

const programs = new Map<string, string>()
function program(sanitizer: string): string {
  const flags = sanitizer === '' ? [] : [`-fsanitize=${sanitizer}`]
  const name = `pthread_test_${sanitizer.replace(',', '_')}`
  if (!programs.has(name)) programs.set(name, workshop.program(name, sources, flags))
  return programs.get(name)!
}

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

describe.each(['', 'thread', 'address,undefined'])('sanitizer "%s"', (sanitizer) => {
  const skip = sanitizer !== '' && !sanitizer.split(',').every(sanitizerWorks)
  it.skipIf(skip).each(outcomes)('%s', (name, outcome) => {
    expect(run(program(sanitizer), [name])).toBe(outcome)
  })
})

describe('helgrind', () => {
  it.skipIf(!hasValgrind).each(outcomes)('%s', (name, outcome) => {
    const [valgrind, ...options] = helgrind
    expect(run(valgrind, [...options, program(''), name])).toBe(outcome)
  })
})
