// A comparison makes no headline of noise: too few trials, or differences that chance explains, name no winner.
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { cutShort } from '../../../bench/compare.js'
import { summarize } from '../../../bench/contest/summary.js'
import { answersOf, findingOf } from '../../../bench/report/answers.js'
import { percentileFigures } from '../../../bench/report/curves.js'
import { renderTable } from '../../../bench/report/report.js'
import { aReport, anEntry, aTrial } from '../../support/report.js'

// Trials with these rates, at the same CPU time each.
const server = (id: string, rates: readonly number[], cpu = 10) =>
  anEntry(
    id,
    id,
    id === 'node-net' ? 'node' : 'posix-async',
    rates.map((rate) => aTrial(rate, cpu)),
  )

const answerOf = (...entries: ReturnType<typeof server>[]) => answersOf(aReport(entries))[0]!

describe('a winner', () => {
  it('is named where it is faster than all others beyond chance', () => {
    const { take, factor, remarks } = answerOf(
      server('event', [200, 201, 202]),
      server('fork', [100, 101, 99]),
      server('node-net', [50, 51, 49]),
    )
    expect([take, factor, remarks]).toEqual(['event', 201 / 50, []])
  })

  it('is named where it takes less CPU time at about the same rate', () => {
    expect(answerOf(server('event', [100, 101, 102], 5), server('fork', [101, 100, 103], 9)).take).toBe('event')
  })

  it.each([1, 2])('is not named after %i trial(s)', (count) => {
    const { take, figure, factor, remarks } = answerOf(
      server('event', [200, 201].slice(0, count)),
      server('fork', [100, 101].slice(0, count)),
      server('node-net', [50, 51].slice(0, count)),
    )
    expect([take, figure, factor]).toEqual([undefined, undefined, undefined])
    expect(remarks).toEqual([`No winner: ${count} trial(s) of a server tell nothing from chance, 3 are the least`])
  })

  it('is not named where the intervals overlap', () => {
    const { take, remarks } = answerOf(server('event', [90, 110, 130]), server('fork', [95, 105, 125]))
    expect(take).toBeUndefined()
    expect(remarks[0]).toMatch(/^No winner: (event, fork|fork, event) differ by no more than chance$/)
  })

  it('is not put in proportion to node:net where the two differ by no more than chance', () => {
    const { take, factor } = answerOf(server('event', [90, 110, 130]), server('node-net', [95, 105, 125]))
    expect([take, factor]).toEqual(['event', undefined])
  })

  it('is in no sentence either after too few trials', () => {
    const report = aReport([server('event', [200]), server('fork', [100])])
    expect(findingOf(report, report.workloads[0]!)).toBe('Fewer than 3 trials of a server tell nothing from chance.')
  })
})

describe('figures', () => {
  it('one trial has no spread', () => {
    const table = (rates: number[]): string => stripVTControlCharacters(renderTable(aReport([server('event', rates)])))
    expect(table([100])).not.toContain('±')
    expect(table([100, 110, 120])).toContain('±9 %')
  })

  it.each([
    [50, 0.98],
    [500, 0.998],
    [1_000_000, 0.9999],
  ])('a curve of percentiles of %i requests ends at %d', (requests, last) => {
    const quantiles = [0.5, 0.9, 0.98, 0.99, 0.998, 0.999, 0.9999, 1].map((at): [number, number] => [at, at * 1000])
    const entry = server('event', [1, 1, 1])
    entry.trials = entry.trials.map((trial) => ({ ...trial, requests, quantiles }))
    entry.summary = summarize(entry.trials)
    const report = aReport([entry])
    const [figure] = percentileFigures(report, report.workloads[0]!)
    expect(figure!.series[0]!.points.at(-1)![0]).toBeCloseTo(1 / (1 - last), 3)
  })

  it('rounds that were left out are told of, with the reason', () => {
    expect(cutShort(1, { rounds: 3, budget: 45_000 })).toEqual([
      '1 of 3 rounds were taken, for more would not have ended within 45 s; -r 3 takes them however long that is.',
    ])
    expect(cutShort(3, { rounds: 3, budget: 45_000 })).toEqual([])
  })

  it('tables fit a terminal of 60 columns', () => {
    const report = aReport([
      anEntry('c-thread-pool', 'C thread pool', 'C', [aTrial(123_456, 10), aTrial(1, 1), aTrial(1, 1)]),
      anEntry('event', 'eventServer, callbacks', 'posix-async', [aTrial(123_456, 10)]),
      anEntry(
        'fork',
        'forkServer, blocking',
        'posix-async',
        [],
        'there is a reason that is longer than a whole line of the terminal',
      ),
    ])
    const [table] = stripVTControlCharacters(renderTable(report, 60)).split('\n\n')
    expect(Math.max(...table!.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60)
    expect(table).toContain('eventServer, callbacks')
  })
})
