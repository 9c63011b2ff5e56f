// The example that shows what threads are worth runs as it stands: every way gives right answers, with one thread and with two.
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Running } from '../support/command.js'

const program = fileURLToPath(new URL('../../dist/examples/three-ways.js', import.meta.url))

it('three-ways: a table of three ways, with one thread and with two', async () => {
  await using example = new Running(process.execPath, [program, '15'])
  expect(await example.end()).toBe(0)
  expect(example.stderr).toBe('')
  const lines = example.stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^8 times fib\(15\), in ms +1 thread {2}2 threads$/)
  expect(lines.slice(1).map((line) => line.replace(/ +\d+ +\d+$/, ''))).toEqual([
    'a function, on the main thread',
    'a module, in isolates',
    'native code, on threads',
  ])
})
