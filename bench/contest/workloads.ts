// What the contestants are asked to do: each workload with the handler that serves it and what its clients do.
import type { HandlerName } from './handlers.js'
import type { LoadOptions } from '../measure/load.js'

export interface Workload {
  /** As `--workloads` takes it. */
  name: string
  title: string
  /** What it is there to show. */
  about: string
  /** What one request is. */
  unit: string
  handler: HandlerName | 'custom' | 'http'
  /** What drives it (default: the load generator in C). */
  tool?: 'wrk'
  load: Omit<LoadOptions, 'port' | 'clients'>
  /** Clients at once, where nobody asks for another number. */
  clients: number
  /** Who does it in the full comparison (default: nobody, it is there to be asked for). */
  full?: 'all' | 'main' | 'quick'
}

const kept = (size: number) => ({ mode: 'echo', size }) as const
const fib = (n: number, expected: string) => ({ mode: 'request', text: String(n), expected }) as const
const uploading = (size: number) => ({ mode: 'upload', size, expected: String(size) }) as const

const MEGABYTE = 1024 * 1024

export const workloads: readonly Workload[] = [
  {
    name: 'fibonacci',
    title: 'fib(5), one request a connection',
    about: 'Next to no work: what a connection itself costs.',
    unit: 'request',
    handler: 'fibonacci',
    load: fib(5, '8'),
    clients: 8,
    full: 'all',
  },
  {
    name: 'fib20',
    title: 'fib(20), one request a connection',
    about: 'A little computing: tens of microseconds in C.',
    unit: 'request',
    handler: 'fibonacci',
    load: fib(20, '10946'),
    clients: 8,
  },
  {
    name: 'fib27',
    title: 'fib(27), one request a connection',
    about: 'Computing: who uses both cores, and who makes all others wait.',
    unit: 'request',
    handler: 'fibonacci',
    load: fib(27, '317811'),
    clients: 8,
    full: 'main',
  },
  {
    name: 'fib30',
    title: 'fib(30), one request a connection',
    about: 'Much computing.',
    unit: 'request',
    handler: 'fibonacci',
    load: fib(30, '1346269'),
    clients: 8,
  },
  {
    name: 'echo',
    title: 'echo of 64 bytes, connections kept',
    about: 'Short messages on connections that stay: what a message costs.',
    unit: 'message',
    handler: 'echo',
    load: kept(64),
    clients: 50,
    full: 'all',
  },
  {
    name: 'echo-4k',
    title: 'echo of 4 KiB, connections kept',
    about: 'Messages of a page.',
    unit: 'message',
    handler: 'echo',
    load: kept(4096),
    clients: 50,
  },
  {
    name: 'echo-64k',
    title: 'echo of 64 KiB, connections kept',
    about: 'Large messages: copying is most of the work.',
    unit: 'message',
    handler: 'echo',
    load: kept(65_536),
    clients: 50,
  },
  {
    name: 'think',
    title: 'a reply after 10 ms of waiting',
    about: 'A handler that waits, as for a database: threads, processes and events hide it, each at its price.',
    unit: 'request',
    handler: 'think',
    load: { mode: 'request', text: '5', expected: '5' },
    clients: 64,
    full: 'main',
  },
  {
    name: 'upload',
    title: 'uploads of 1 MiB',
    about: 'Bulk: how fast bytes are taken in.',
    unit: 'upload',
    handler: 'upload',
    load: uploading(MEGABYTE),
    clients: 4,
    full: 'quick',
  },
  {
    name: 'upload-100m',
    title: 'uploads of 100 MiB, two at once',
    about: 'Two long uploads at the same time.',
    unit: 'upload',
    handler: 'upload',
    load: uploading(100 * MEGABYTE),
    clients: 2,
  },
  {
    name: 'storm',
    title: 'a storm of connections: fib(5) from 512 clients at once',
    about: 'Everybody comes at the same moment.',
    unit: 'request',
    handler: 'fibonacci',
    load: fib(5, '8'),
    clients: 512,
  },
  {
    name: 'slow',
    title: 'echo of 64 bytes beside 100 slow clients',
    about: 'A hundred others send ten bytes a second each: they must not slow down the fast.',
    unit: 'message',
    handler: 'echo',
    load: { ...kept(64), slow: 100 },
    clients: 50,
    full: 'quick',
  },
  {
    name: 'rate',
    title: 'echo of 64 bytes at 10,000 a second',
    about:
      'The open loop: requests come when they come. Latency counts from when each was due, so waiting is not left out.',
    unit: 'message',
    handler: 'echo',
    load: { ...kept(64), rate: 10_000 },
    clients: 50,
    full: 'quick',
  },
  {
    name: 'http',
    title: 'HTTP, connections kept',
    about: 'A short text for every request, asked for by wrk.',
    unit: 'request',
    handler: 'http',
    tool: 'wrk',
    load: { mode: 'request' },
    clients: 50,
    full: 'quick',
  },
  {
    name: 'idle',
    title: '200 connections that say nothing',
    about: 'What a connection costs in memory.',
    unit: 'connection',
    handler: 'echo',
    load: { mode: 'idle' },
    clients: 200,
    full: 'quick',
  },
]

/** The workloads with these names, in their order. Throws RangeError for a name that none has. */
export function workloadsNamed(names: readonly string[]): Workload[] {
  const unknown = names.find((name) => !workloads.some((workload) => workload.name === name))
  if (unknown !== undefined) {
    throw new RangeError(`no workload "${unknown}"; there are ${workloads.map(({ name }) => name).join(', ')}`)
  }
  return workloads.filter(({ name }) => names.includes(name))
}

/** A user's own handler: any reply counts, as nobody but the user knows which is right. */
export function customWorkload(text: string): Workload {
  return {
    name: 'custom',
    title: 'your handler, one request a connection',
    about: `The request is "${text}"; any reply counts.`,
    unit: 'request',
    handler: 'custom',
    load: { mode: 'request', text },
    clients: 8,
  }
}
