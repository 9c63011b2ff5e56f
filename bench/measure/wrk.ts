// The workload in HTTP, driven by wrk(1) where it is installed: its options, and its words as a report.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { which } from 'posix-async/command'
import type { Gates, LoadOptions, LoadReport } from './load.js'
import { childrenUsage } from './proc.js'

const UNITS: Record<string, number> = { us: 1, ms: 1000, s: 1e6 }

const microseconds = (words: string | undefined): number => {
  const [, value, unit] = /^([\d.]+)(us|ms|s)$/.exec(words ?? '') ?? []
  return value === undefined ? 0 : Number(value) * UNITS[unit!]!
}

/** What wrk --latency said, as the load generator's report has it. What wrk does not tell is 0. */
export function parseWrk(said: string, clients: number): LoadReport {
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(said) ?? []
  if (requests === undefined) throw new Error(said.trim().split('\n').at(-1) || 'wrk said nothing')
  const quantiles = [...said.matchAll(/^ +(\d+)% +([\d.]+\w+)$/gm)].map(([, percent, latency]): [number, number] => [
    Number(percent) / 100,
    microseconds(latency),
  ])
  const at = (quantile: number): number => quantiles.find(([place]) => place === quantile)?.[1] ?? 0
  const [, mean, , max] = /Latency +(\S+) +(\S+) +(\S+)/.exec(said) ?? []
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(said)?.slice(1).map(Number)
  const [connect = 0, read = 0, write = 0, timeout = 0] = socket ?? []
  const wrong = Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0)
  const errors = { connect, reset: read + write, closed: 0, wrong, timeout, other: 0 }
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0)
  return {
    ...{ mode: 'request', clients, requests: Number(requests), seconds: Number(seconds), asked: 0 },
    ...{ rate: Number(/Requests\/sec: +([\d.]+)/.exec(said)?.[1]), quantiles, held: 0, bytes: { in: 0, out: 0 } },
    slow: { sent: 0, received: 0 },
    ...{
      p50: at(0.5),
      p90: at(0.9),
      p99: at(0.99),
      p999: microseconds(max),
      max: microseconds(max),
      mean: microseconds(mean),
    },
    ...{ generator: { cpu: 0, switches: 0 }, errors, failed, firstError: failed > 0 ? 'wrk counted errors' : null },
  }
}

async function wrk(options: LoadOptions, milliseconds: number, signal: AbortSignal | undefined): Promise<LoadReport> {
  const { port, clients = 50 } = options
  const seconds = Math.max(1, Math.round(milliseconds / 1000)) // wrk knows whole ones only
  const args = ['--latency', '-t1', `-c${clients}`, `-d${seconds}s`, `http://127.0.0.1:${port}/`]
  const before = childrenUsage()
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'], signal })
  const said = await text(child.stdout)
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
  return { ...parseWrk(said, clients), generator: { cpu: childrenUsage() - before, switches: 0 } }
}

/** As runLoad, with HTTP requests on connections that stay. @throws Error where there is no wrk, or it could not connect */
export async function runWrk(options: LoadOptions, { ready, counted, signal }: Gates): Promise<LoadReport> {
  if (which('wrk') === undefined) throw new Error('there is no wrk (Debian: apt install wrk)')
  await wrk(options, options.warmUp ?? 0, signal)
  await ready?.()
  const report = await wrk(options, options.duration ?? 1000, signal)
  await counted?.()
  return report
}
