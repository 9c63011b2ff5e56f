// native/core/fork/allocator_holes: run by a C++ program without Node, whose heap is the allocator's alone.
import { execFileSync } from 'node:child_process'
import { afterAll, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

it('while a heap full of holes is plugged, memory comes from behind it; afterwards from the holes', () => {
  const sources = ['test/core/allocator_holes_test.cc', 'native/core/fork/allocator_holes.cc']
  const program = workshop.program('allocator_holes_test', sources)
  expect(execFileSync(program, { encoding: 'utf8', timeout: 10_000 })).toBe('100 0 0 1\n')
}, 60_000)
