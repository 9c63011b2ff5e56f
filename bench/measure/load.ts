// The C load generator from JavaScript: its options, its report, and the gate at which a measurement can be taken.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { compile } from './compile.js'

/** What the load generator does: see bench/load. */
export type LoadMode = 'request' | 'echo' | 'idle' | 'upload' | 'churn'

export interface LoadOptions {
  mode: LoadMode
  /** A loopback address (default 127.0.0.1); others are refused. */
  host?: string
  port: number
  /** Clients at once (default 8). */
  clients?: number
  /** Milliseconds (default 1000). */
  duration?: number
  /** Milliseconds before counting begins (default 0). */
  warmUp?: number
  /** Requests at most, over all clients (default: as many as the time allows). */
  maxRequests?: number
  /** Bytes of a message (echo, churn: default 64) or of an upload (default 1 MiB). */
  size?: number
  /** Requests a second over all clients, each at its time and its latency counted from then (default: as many as the replies allow). */
  rate?: number
  /** Connections beside the clients that send a byte now and then (echo; default 0). */
  slow?: number
  /** Milliseconds between two bytes of each of them (default 100). */
  slowPause?: number
  /** What a request says (default "5"). */
  text?: string
  /** The reply expected; any other counts as an error. */
  expected?: string
}

/** What a run came to. Latencies are in microseconds. */
export interface LoadReport {
  mode: LoadMode
  clients: number
  requests: number
  seconds: number
  rate: number
  p50: number
  p90: number
  p99: number
  p999: number
  max: number
  mean: number
  /** Latencies by quantile, from 0 to 1. */
  quantiles: [quantile: number, latency: number][]
  /** Requests a second that were asked for; 0: as many as the replies allow. */
  asked: number
  /** What the load generator itself used: CPU seconds, and how often it left the CPU. */
  generator: { cpu: number; switches: number }
  bytes: { in: number; out: number }
  /** Connections open at the end (idle, echo). */
  held: number
  /** Bytes of the slow connections, and how many came back, since the start. */
  slow: { sent: number; received: number }
  errors: Record<'connect' | 'reset' | 'closed' | 'wrong' | 'timeout' | 'other', number>
  failed: number
  firstError: string | null
}

export interface Gates {
  /** Called after the warm-up, before anything is counted. */
  ready?: () => void | Promise<void>
  /** Called after the counting, while connections that are kept are still open. */
  counted?: () => void | Promise<void>
  signal?: AbortSignal | undefined
}

function argumentsOf(options: LoadOptions): string[] {
  const { mode, host = '127.0.0.1', port, clients, duration, warmUp, maxRequests } = options
  const { size, text, expected, rate, slow, slowPause } = options
  const pairs: [string, string | number | undefined][] = [
    ['-c', clients],
    ['-d', duration === undefined ? undefined : duration / 1000],
    ['-w', warmUp === undefined ? undefined : warmUp / 1000],
    ['-n', maxRequests],
    ['-r', rate],
    ['-S', slow],
    ['-p', slowPause === undefined ? undefined : slowPause / 1000],
    ['-s', size],
    ['-t', text],
    ['-e', expected],
  ]
  const given = pairs.filter(([, value]) => value !== undefined)
  return ['-g', ...given.flatMap(([letter, value]) => [letter, String(value)]), mode, host, String(port)]
}

/**
 * Drives a server on this machine.
 *
 * @throws Error where the options are refused (`code` 'ERR_INVALID_ARG_VALUE'), there is no C compiler, or `signal` aborts
 */
export async function runLoad(options: LoadOptions, gates: Gates = {}): Promise<LoadReport> {
  const child = spawn(await compile('load'), argumentsOf(options), { stdio: 'pipe', signal: gates.signal })
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  ended.catch(() => {}) // it is looked at below, perhaps later
  child.stdin.on('error', () => {})
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk))
  let report: LoadReport | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') await gates.ready?.()
    else {
      report = JSON.parse(line) as LoadReport
      await gates.counted?.()
    }
    child.stdin.write('go\n')
  }
  const code = await ended
  if (report) return report
  const message = complaint.trim() || `the load generator ended with code ${code}`
  throw Object.assign(new Error(message), code === 2 ? { code: 'ERR_INVALID_ARG_VALUE' } : {})
}
