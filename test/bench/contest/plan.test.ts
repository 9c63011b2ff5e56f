// Who does what: a short comparison is short, the full one has everybody, and wishes are kept.
import { expect, it } from 'vitest'
import { contestants, contestantsNamed } from '../../../bench/contest/contestants.js'
import { type Cell, fullPlan, quickPlan } from '../../../bench/contest/plan.js'
import { workloadsNamed } from '../../../bench/contest/workloads.js'

const counts = (cells: readonly Cell[], workload: string, id: string): number[] =>
  cells.filter((cell) => cell.workload.name === workload && cell.contestant.id === id).map(({ clients }) => clients)

it('is short when it is to be', () => {
  const cells = quickPlan()
  expect(new Set(cells.map(({ workload }) => workload.name))).toEqual(new Set(['fibonacci', 'fib27', 'echo']))
  expect(cells.filter(({ unfit }) => unfit === undefined).length).toBeLessThan(45)
})

it('has everybody in full, and curves over clients, of processes only up to where they make sense', () => {
  const cells = fullPlan()
  const everybody = new Set(
    cells.filter(({ workload }) => workload.name === 'echo').map(({ contestant }) => contestant.id),
  )
  expect(everybody).toEqual(new Set(contestants.map(({ id }) => id)))
  expect(counts(cells, 'fibonacci', 'c-epoll')).toEqual([8, 1, 64, 512, 1024])
  expect(counts(cells, 'fibonacci', 'fork')).toEqual([8, 1, 64, 512])
  expect(counts(cells, 'fibonacci', 'prefork')).toEqual([8, 1, 64, 512, 1024])
  expect(counts(cells, 'echo', 'event-callbacks')).toEqual([50, 1, 8, 512, 1024])
  expect(counts(cells, 'echo', 'fork')).toEqual([50, 1, 8])
  expect(counts(cells, 'fib27', 'c-epoll')).toEqual([8])
})

it.each([quickPlan, fullPlan])('does what is wished, and no more: %o', (plan) => {
  const wishes = {
    contestants: contestantsNamed(['c-fork', 'sync']),
    workloads: workloadsNamed(['echo']),
    clients: [2, 9],
  }
  const cells = plan(wishes).map(({ contestant, clients, unfit }) => [contestant.id, clients, unfit === undefined])
  expect(cells).toEqual([
    ['sync', 2, false],
    ['c-fork', 2, true],
    ['sync', 9, false],
    ['c-fork', 9, true],
  ])
})
