// A comparison made by hand, for tests of what is drawn and told of one.
import type { Report } from '../../bench/report/schema.js'
import { type Entry, summarize } from '../../bench/contest/summary.js'
import type { Trial } from '../../bench/contest/trial.js'

const errors = { connect: 0, reset: 0, closed: 0, wrong: 0, timeout: 0, other: 0 }

export function aTrial(rate: number, cpu: number, failed = 0): Trial {
  return {
    ...{
      mode: 'request',
      clients: 8,
      requests: rate,
      seconds: 1,
      rate,
      cpu,
      errors: { ...errors, wrong: failed },
      failed,
    },
    ...{ p50: 100, p90: 200, p99: 300, p999: 400, max: 500, mean: 120, bytes: { in: 1, out: 1 }, held: 0 },
    slow: { sent: 0, received: 0 },
    firstError: failed > 0 ? 'wrong: the reply is not the one expected' : null,
    quantiles: [
      [0.5, 100],
      [1, 500],
    ],
    ...{ asked: 0, generator: { cpu: 0.1, switches: 5 }, busy: 0.1, foreign: 0, stolen: 0, switches: 2, created: 0 },
    ...{ processes: 1, threads: 2, resident: 3e6, private: 2e6, own: 2e6, peak: 4e6 },
    atRest: { resident: 3e6, own: 1e6 },
  }
}

export function anEntry(id: string, label: string, family: Entry['family'], trials: Trial[], reason?: string): Entry {
  const summary = trials.length > 0 ? { summary: summarize(trials) } : {}
  return {
    workload: 'fibonacci',
    clients: 8,
    id,
    label,
    family,
    model: 'event',
    trials,
    ...summary,
    ...(reason && { reason }),
  }
}

export const aReport = (entries: Entry[]): Report => ({
  schema: 1,
  date: '2026-01-02T03:04:05.000Z',
  machine: {
    ...{ cpus: '2 x Test <CPU> & "Co"', kernel: '6.1', arch: 'x64', memory: 1, hypervisor: null, mitigations: {} },
    ...{ node: 'v20', posixAsync: '0.1.0', compiler: null, python: null, libc: 'glibc 2.36' },
  },
  options: { rounds: 3, duration: 300 },
  contestants: [{ id: 'c-epoll', label: 'C epoll', family: 'C', model: 'event', about: 'The loop.' }],
  workloads: [
    {
      ...{ name: 'fibonacci', title: 'fib(5), one request a connection', about: 'Short.', unit: 'request' },
      ...{ mode: 'request', clients: [8], main: 8 },
    },
  ],
  traces: [],
  growth: [],
  warnings: ['The machine was busy.'],
  entries,
  seconds: 5,
})
