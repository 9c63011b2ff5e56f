// One trial: a contestant's server started, warmed up, driven, what it used read from the kernel, stopped and seen to be gone.
import type { Contestant } from './contestants.js'
import { runLoad, type LoadReport } from '../measure/load.js'
import { type Holdings, type MachineUse, machineUse } from '../measure/proc.js'
import { ServerProcess } from './server-process.js'
import type { Workload } from './workloads.js'
import { runWrk } from '../measure/wrk.js'

export interface TrialOptions {
  /** Milliseconds that count. */
  duration: number
  /** Milliseconds before. */
  warmUp: number
  clients: number
  /** A user's own handler. */
  file?: string | undefined
  signal?: AbortSignal | undefined
}

export interface Trial extends LoadReport, Holdings {
  /** Microseconds of user and system time a request, of all the server's processes. */
  cpu: number
  /** Context switches a request: the machine's, less those of the load generator. */
  switches: number
  /** Processes and threads made a request. */
  created: number
  /** Memory before the first client, in bytes. */
  atRest: { resident: number; own: number }
  /** The part of the machine's CPU time that neither the server nor the load generator used. */
  foreign: number
  /** The part of the machine's CPU time that a hypervisor gave to others. */
  stolen: number
  /** The part of one core that the load generator used: near 1, it is what is measured. */
  busy: number
}

export async function runTrial(contestant: Contestant, workload: Workload, options: TrialOptions): Promise<Trial> {
  options.signal?.throwIfAborted()
  const server = await ServerProcess.start(await contestant.command(workload, options.file))
  try {
    return await drive(server, workload, options)
  } finally {
    await server.stop()
  }
}

interface Reading {
  cpu: number
  machine: MachineUse
}

const readingOf = (server: ServerProcess): Reading => ({ cpu: server.cpu(), machine: machineUse() })

async function drive(server: ServerProcess, workload: Workload, options: TrialOptions): Promise<Trial> {
  const { duration, warmUp, clients, signal } = options
  const atRest = server.holdings()
  let underLoad = atRest
  let before: Reading | undefined
  let after: Reading | undefined
  let size = 0
  // In the middle of the warm-up, so that reading it is no part of what counts.
  const sample = setTimeout(() => (underLoad = server.holdings()), (warmUp * 2) / 3)
  const run = workload.tool === 'wrk' ? runWrk : runLoad
  const report = await run(
    { ...workload.load, port: server.port, clients, duration, warmUp },
    {
      ready: async () => {
        clearTimeout(sample)
        size = await settled(server, clients)
        before = readingOf(server)
      },
      counted: async () => {
        await server.settle(size) // the children of the last requests, whose time counts once they were waited for
        after = readingOf(server)
        underLoad = larger(underLoad, server.holdings())
      },
      signal,
    },
  ).finally(() => clearTimeout(sample))
  if (report.requests === 0) throw new Error(report.firstError ?? 'no request was served')
  return { ...report, ...underLoad, ...costs(report, before!, after!), atRest: memoryOf(atRest) }
}

function costs(
  report: LoadReport,
  before: Reading,
  after: Reading,
): Omit<Trial, keyof LoadReport | keyof Holdings | 'atRest'> {
  const { requests, seconds, generator } = report
  const cpu = after.cpu - before.cpu
  const since = (name: keyof MachineUse): number => after.machine[name] - before.machine[name]
  const total = since('total') || 1
  return {
    cpu: (cpu * 1e6) / requests,
    switches: Math.max(0, since('switches') - generator.switches) / requests,
    created: since('created') / requests,
    foreign: Math.max(0, since('busy') - cpu - generator.cpu) / total,
    stolen: since('stolen') / total,
    busy: seconds > 0 ? generator.cpu / seconds : 0,
  }
}

const memoryOf = ({ resident, own }: Holdings): Trial['atRest'] => ({ resident, own })

function larger(one: Holdings, other: Holdings): Holdings {
  const names = Object.keys(one) as (keyof Holdings)[]
  return Object.fromEntries(names.map((name) => [name, Math.max(one[name], other[name])])) as unknown as Holdings
}

// How many processes the server is when it has nothing to do: those of the warm-up's last requests are ended first.
async function settled(server: ServerProcess, clients: number): Promise<number> {
  if (server.size > 1) await server.settle(1, clients > 8 ? 20 : 200)
  return server.size
}
