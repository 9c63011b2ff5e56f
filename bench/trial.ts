// One trial: a contestant's server started, warmed up, driven, its CPU time taken, stopped and seen to be gone.
import type { Contestant, Workload } from './contestants.js'
import { runLoad, type LoadReport } from './load.js'
import { ServerProcess } from './server-process.js'

export interface TrialOptions {
  /** Milliseconds that count. */
  duration: number
  /** Milliseconds before. */
  warmUp: number
  /** Clients at once (default: the workload's). */
  clients?: number | undefined
  signal?: AbortSignal | undefined
}

export interface Trial extends LoadReport {
  /** Microseconds of user and system time a request, of all the server's processes. */
  cpu: number
}

export async function runTrial(contestant: Contestant, workload: Workload, options: TrialOptions): Promise<Trial> {
  options.signal?.throwIfAborted()
  const server = await ServerProcess.start(await contestant.command(workload.name))
  try {
    return await drive(server, workload, options)
  } finally {
    await server.stop()
  }
}

async function drive(server: ServerProcess, workload: Workload, options: TrialOptions): Promise<Trial> {
  const { duration, warmUp, signal } = options
  const clients = options.clients ?? workload.load.clients!
  let before = 0
  let after = 0
  let size = 0
  const report = await runLoad(
    { ...workload.load, port: server.port, clients, duration, warmUp },
    {
      ready: async () => {
        size = await settled(server, clients)
        before = server.cpu()
      },
      counted: async () => {
        await server.settle(size) // the children of the last requests, whose time counts once they were waited for
        after = server.cpu()
      },
      signal,
    },
  )
  if (report.requests === 0) throw new Error(report.firstError ?? 'no request was served')
  return { ...report, cpu: ((after - before) * 1e6) / report.requests }
}

// How many processes the server is when it has nothing to do: those of the warm-up's last requests are ended first.
async function settled(server: ServerProcess, clients: number): Promise<number> {
  if (server.size > 1) await server.settle(1, clients > 8 ? 20 : 200)
  return server.size
}
