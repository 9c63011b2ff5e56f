// The figures that documents quote are those of the reference run, to the letter: npm run figures writes them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Report } from '../../../bench/report/schema.js'
import { DOCUMENTS, figuresOf } from '../../../bench/report/quote/figures.js'
import { rewrite } from '../../../bench/report/quote/regions.js'
import { root } from '../../support/compile.js'
import { aReport, anEntry, aTrial } from '../../support/report.js'

const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const run = JSON.parse(read('bench/results/compare.json')) as Report

describe('a region', () => {
  const figures = { it: (...args: string[]) => `<${args.join()}>` }

  it('is written anew within a sentence, and on lines of its own', () => {
    expect(rewrite('a <!-- figures: it x y -->old<!-- /figures --> b', figures)).toBe(
      'a <!-- figures: it x y --><x,y><!-- /figures --> b',
    )
    const block = '<!-- figures: it -->\n\n<>\n\n<!-- /figures -->\n'
    expect(rewrite('<!-- figures: it -->\n<!-- /figures -->\n', figures)).toBe(block)
    expect(rewrite(block, figures)).toBe(block)
  })

  it.each([
    ['<!-- figures: other -->\n<!-- /figures -->', 'nobody knows the figures "other"'],
    ['<!-- figures: it -->', 'a region of figures does not end'],
  ])('%j is refused', (text, why) => expect(() => rewrite(text, figures)).toThrow(why))
})

it.each(DOCUMENTS)('%s quotes the reference run (npm run figures)', (name) => {
  const text = read(name)
  expect(text).toContain('<!-- figures: run -->')
  expect(text).toBe(rewrite(text, figuresOf(run)))
})

it('the reference run had five rounds, and took no longer than one waits for it', () => {
  expect(run.options.rounds).toBeGreaterThanOrEqual(5)
  expect(run.seconds).toBeLessThan(20 * 60)
})

describe('of a report', () => {
  const trials = (cpu: number, rate: number) => [1, 1.01, 0.99].map((factor) => aTrial(rate * factor, cpu * factor))
  const figures = figuresOf(
    aReport([
      anEntry('c-epoll', 'C epoll', 'C', trials(10, 20_000)),
      anEntry('event-callbacks', 'eventServer, callbacks', 'posix-async', trials(15, 10_000)),
      anEntry('node-net', 'node:net', 'node', trials(30, 5000)),
    ]),
  )

  it('come the figures, and a dash for what was not measured', () => {
    expect(figures['cpu']!('fibonacci', 'c-epoll')).toBe('10.0 µs')
    expect(figures['rate']!('fibonacci', 'node-net')).toBe('5,000/s')
    expect(figures['times']!('fibonacci', 'event-callbacks', 'node-net')).toBe('2.0')
    expect(figures['cpu']!('echo', 'c-epoll')).toBe('–')
  })

  it('a proportion in which posix-async loses beyond chance is bold, and one in which it wins is not', () => {
    const rows = figures['proportions']!().split('\n')
    expect(rows).toContain('| eventServer, callbacks : C epoll | **1.50** |  |  |  |  |')
    expect(rows).toContain('| eventServer, callbacks : node:net | 0.50 |  |  |  |  |')
  })

  it('the best C peer stands beside what to take', () => {
    expect(figures['choices']!()).toContain('| 10,000/s, 15.0 µs | 5,000/s, 30.0 µs | 20,000/s, 10.0 µs (C epoll) |')
  })
})
