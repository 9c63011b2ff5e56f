// What cases about forkServer with workers have in common: a server that tells who served, its clients, and load.
import { readFileSync } from 'node:fs'
import { get, type Agent } from 'node:http'
import { forkServer, http, type Connection, type PreforkServer, type PreforkServerOptions } from 'posix-async'
import { connect, readAll, until } from './clients.js'
import { loopback, to } from './models.js'

export type Options = Partial<PreforkServerOptions>
type Handler = Parameters<typeof forkServer>[1]

export const serve = (options: Options = {}, handler: Handler = pidAndEcho): Promise<PreforkServer> =>
  forkServer({ ...loopback, workers: 2, ...options }, handler)

// Answers with the number of the process, then sends back what comes.
function pidAndEcho(conn: Connection): void {
  conn.writeSync(`${process.pid}\n`)
  for (let chunk = conn.readSync(); chunk; chunk = conn.readSync()) conn.writeSync(chunk)
}

export const ask = (server: PreforkServer, text?: string) => askAt(to(server), text)

export async function askAt(address: ReturnType<typeof to>, text = 'x'): Promise<{ pid: number; reply: string }> {
  const client = await connect(address)
  client.end(text)
  const [pid, reply = ''] = (await readAll(client)).toString().split('\n')
  return { pid: Number(pid), reply }
}

export const pids = (server: PreforkServer): number[] => server.workers.map(({ pid }) => pid)
export const isGone = (pid: number): boolean => {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

// One request over HTTP; gives the number of the process that answered.
export function httpPid(server: PreforkServer, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ ...to(server), agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(Number(text)))
    }).once('error', reject)
  })
}

// Clients that ask without a pause until they are told to stop; what failed is counted.
export function load(clients: number, one: () => Promise<unknown>) {
  const counts = { done: 0, failed: 0 }
  let on = true
  const lane = async (): Promise<void> => {
    while (on)
      await one().then(
        () => counts.done++,
        () => counts.failed++,
      )
  }
  const lanes = Promise.all(Array.from({ length: clients }, lane))
  const stop = async () => {
    on = false
    await lanes
    return counts
  }
  return { counts, stop }
}

export const httpPids = http((_request, response) => void response.end(String(process.pid)))

/** Calls `exchange` so many times while clients ask. */
export async function exchangeUnder(
  server: PreforkServer,
  one: () => Promise<unknown>,
  exchange = () => server.reload(),
  times = 5,
) {
  const before = pids(server)
  const { counts, stop } = load(8, one)
  for (let i = 0; i < times; i++) {
    const more = counts.done + 50
    await until(() => counts.done + counts.failed >= more)
    await exchange()
  }
  const { failed, done } = await stop()
  const generations = server.workers.map(({ generation }) => generation)
  return { failed, enough: done >= 50 * times, generations, gone: before.every(isGone) }
}
