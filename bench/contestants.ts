// Who is compared: the C peers, this package's models, node's own server; and what each is asked to do.
import { fileURLToPath } from 'node:url'
import { compile, type Program } from './compile.js'
import type { LoadOptions } from './load.js'
import type { Command } from './server-process.js'

export type WorkloadName = 'fibonacci' | 'echo'
export type Family = 'C' | 'posix-async' | 'node'
export type Model = 'sequential' | 'fork' | 'thread' | 'event'

export interface Workload {
  name: WorkloadName
  title: string
  /** What one request is. */
  unit: string
  load: Omit<LoadOptions, 'port'>
}

export const workloads: readonly Workload[] = [
  {
    name: 'fibonacci',
    title: 'fib(5), one request a connection',
    unit: 'request',
    load: { mode: 'request', text: '5', expected: '8', clients: 8 },
  },
  {
    name: 'echo',
    title: 'echo of 64 bytes, connections kept',
    unit: 'message',
    load: { mode: 'echo', size: 64, clients: 50 },
  },
]

export interface Contestant {
  /** As `--only` takes it. */
  id: string
  label: string
  family: Family
  model: Model
  /** What starts it. */
  command(workload: WorkloadName): Promise<Command>
  /** Why it can't do a workload, where it can't. */
  unfit?: Partial<Record<WorkloadName, string>>
}

const ONE_AT_A_TIME = { echo: 'serves one client at a time: the other connections would only wait' }

function peer(program: Program, model: Model, unfit: Contestant['unfit'] = {}): Contestant {
  const command = async (workload: WorkloadName) => ({ file: await compile(program), args: [workload] })
  return { id: `c-${program}`, label: `C ${program}`, family: 'C', model, command, unfit }
}

const serversProgram = fileURLToPath(new URL('servers.js', import.meta.url))

function script(id: string, label: string, family: Family, model: Model, unfit: Contestant['unfit'] = {}): Contestant {
  const command = async (workload: WorkloadName) => ({ file: process.execPath, args: [serversProgram, id, workload] })
  return { id, label, family, model, command, unfit }
}

/** All of them, those of one model side by side. */
export const contestants: readonly Contestant[] = [
  peer('iterative', 'sequential', ONE_AT_A_TIME),
  script('sync', 'syncServer', 'posix-async', 'sequential', ONE_AT_A_TIME),
  peer('fork', 'fork'),
  script('fork', 'forkServer', 'posix-async', 'fork'),
  peer('thread', 'thread'),
  script('thread', 'threadServer', 'posix-async', 'thread'),
  script('thread-native', 'threadServer, native handler', 'posix-async', 'thread'),
  peer('epoll', 'event'),
  script('event', 'eventServer, epoll', 'posix-async', 'event'),
  script('event-callbacks', 'eventServer, epoll, callbacks', 'posix-async', 'event'),
  script('event-poll', 'eventServer, poll', 'posix-async', 'event'),
  script('event-select', 'eventServer, select', 'posix-async', 'event'),
  script('event-native', 'eventServer, native handler', 'posix-async', 'event'),
  script('node-net', 'node:net', 'node', 'event'),
]

/** The contestants with these ids, in the order of the list. Throws RangeError for an id that nobody has. */
export function contestantsNamed(ids: readonly string[]): Contestant[] {
  const unknown = ids.find((id) => !contestants.some((contestant) => contestant.id === id))
  if (unknown !== undefined) {
    throw new RangeError(`no contestant "${unknown}"; there are ${contestants.map(({ id }) => id).join(', ')}`)
  }
  return contestants.filter(({ id }) => ids.includes(id))
}
