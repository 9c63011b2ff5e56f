// native/core/fork/heap_placement: run by a C++ program without Node that maps memory as V8 does.
import { execFileSync } from 'node:child_process'
import { afterAll, expect, it } from 'vitest'
import { CorePrograms } from '../support/core-programs.js'

const programs = new CorePrograms('heap_placement_test', ['fork/heap_placement.cc', 'fork/redirect.cc'])
afterAll(() => programs[Symbol.dispose]())

it.each([
  ['pages lie one behind the other', 'together', 'before: together 0\npages 100 together 1'],
  ['pages take the place of those that have gone', 'comeAndGo', 'span below 1'],
  ['what lies there already stays, and is gone round', 'occupied', 'value 42, then 1'],
  ['more than there is room for are mapped where V8 drew', 'full', 'pages 10'],
])(
  '%s',
  (_, name, said) => {
    expect(execFileSync(programs.with(''), [name], { encoding: 'utf8', timeout: 20_000 })).toBe(`${said}\n`)
  },
  60_000,
)
