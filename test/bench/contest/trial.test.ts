// A trial reads from the kernel what it says: the CPU time of children that ended, processes, threads, memory; in a process of its own, in turn.
import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { compare, roundsWithin } from '../../../bench/compare.js'
import { type Contestant, contestantsNamed } from '../../../bench/contest/contestants.js'
import { runTrial, type Trial } from '../../../bench/contest/trial.js'
import { type Workload, workloadsNamed } from '../../../bench/contest/workloads.js'

const [fibonacci, echo, idle] = workloadsNamed(['fibonacci', 'echo', 'idle']) as [Workload, Workload, Workload]
// Some 4 ms of computing in C, so that a fork beside it does not count.
const heavy: Workload = { ...fibonacci, load: { mode: 'request', text: '32', expected: '3524578' } }
const CPU = 1000

const trial = (id: string, workload: Workload, clients: number): Promise<Trial> =>
  runTrial(contestantsNamed([id])[0]!, workload, { duration: 100, warmUp: 30, clients })

it.each(['c-epoll', 'c-fork', 'c-prefork', 'c-thread'])(
  'counts the CPU time of %s, whoever of its processes and threads used it, also of those that ended',
  async (id) => expect((await trial(id, heavy, 2)).cpu).toBeGreaterThan(CPU),
)

it('counts processes and threads, and what is made a request', async () => {
  const [prefork, pool, fork] = [
    await trial('c-prefork', fibonacci, 2),
    await trial('c-thread-pool', fibonacci, 2),
    await trial('c-fork', fibonacci, 2),
  ]
  expect([prefork.processes, prefork.threads]).toEqual([1 + availableParallelism(), 1 + availableParallelism()])
  expect([pool.processes, pool.threads]).toEqual([1, 64])
  expect(fork.created).toBeGreaterThan(0.9)
  expect(fork.switches).toBeGreaterThan(0.5)
})

it('counts memory: what is its own not more than once, private pages, and the most there was', async () => {
  const held = await trial('c-fork', idle, 50)
  const { processes, resident, private: apart, own, peak, atRest } = held
  expect(processes).toBe(51)
  expect(own).toBeLessThan(resident)
  expect(apart).toBeLessThan(resident)
  expect(peak).toBeGreaterThanOrEqual(resident)
  expect(own - atRest.own).toBeGreaterThan(50 * 4096)
})

it('knows how busy the load generator was', async () => {
  const { busy, generator, seconds } = await trial('c-epoll', echo, 8)
  expect(busy).toBeCloseTo(generator.cpu / seconds, 9)
  expect(busy).toBeGreaterThan(0)
})

it('has a server of its own in each trial, the contestants in turn', async () => {
  const started: string[] = []
  const watched = (id: string): Contestant => {
    const [one] = contestantsNamed([id])
    return { ...one!, command: (workload) => (started.push(id), one!.command(workload)) }
  }
  const cells = ['c-epoll', 'c-thread'].map((id) => ({ contestant: watched(id), workload: fibonacci, clients: 2 }))
  const { entries, options } = await compare({ cells, rounds: 3, duration: 30 })
  expect(started).toEqual(['c-epoll', 'c-thread', 'c-epoll', 'c-thread', 'c-epoll', 'c-thread'])
  expect(entries.map(({ trials }) => trials.length)).toEqual([3, 3])
  expect(options.rounds).toBe(3)
})

it('begins no round that would end too late, and says how many there were', async () => {
  const cells = contestantsNamed(['c-epoll']).map((contestant) => ({ contestant, workload: fibonacci, clients: 2 }))
  const { options } = await compare({ cells, rounds: 50, duration: 30, budget: 1 })
  expect(options.rounds).toBe(1)
})

it.each([
  ['as many as are wished where there is time', [1000, 100, 1, 3], 3],
  ['as many as fit', [1000, 400, 1, 5], 2],
  ['also judged by a part of the first', [1000, 200, 0.5, 5], 2],
  ['one at least', [10, 400, 0.5, 5], 1],
  ['all without a budget', [Infinity, 400, 1, 5], 5],
  ['all before the first', [1000, 0, 0, 5], 5],
] as const)('takes %s', (_, [budget, spent, sofar, wished], rounds) =>
  expect(roundsWithin(budget, spent, sofar, wished)).toBe(rounds),
)
