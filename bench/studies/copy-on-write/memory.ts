// The memory of a server's processes over a large heap that each of them reads: node memory.js prefork|cluster MIB WORKERS REQUESTS
// prints the bytes that a worker has to itself when each has served so many requests, and those of all processes together, each
// page counted once. With cluster each worker makes the heap for itself; with forkServer they share the one of their master.
import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { forkServer } from 'posix-async'

const [side, ...numbers] = process.argv.slice(2)
const [mib, workers, requests] = numbers.map(Number) as [number, number, number]

const ENTRY = 170 // bytes that an entry of the table takes, about

function warmTable(): Map<number, { name: string; visits: number[] }> {
  const table = new Map<number, { name: string; visits: number[] }>()
  const entries = Math.round((mib * 2 ** 20) / ENTRY)
  for (let key = 0; key < entries; key++) table.set(key, { name: `entry ${key}`, visits: [key, key + 1, key + 2] })
  return table
}

const replyTo = (table: ReturnType<typeof warmTable>, text: string): string =>
  `${process.pid} ${JSON.stringify(table.get(Number(text) % table.size))}`

async function prefork(): Promise<{ port: number; pids: number[] }> {
  const table = warmTable()
  const server = await forkServer({ host: '127.0.0.1', workers }, (conn) =>
    conn.writeSync(replyTo(table, String(conn.readSync(256)))),
  )
  return { port: (server.address() as { port: number }).port, pids: server.workers.map(({ pid }) => pid) }
}

async function ofCluster(): Promise<{ port: number; pids: number[] }> {
  const all = Array.from({ length: workers }, () => cluster.fork())
  const ports = await Promise.all(
    all.map((worker) => new Promise<number>((resolve) => worker.once('listening', ({ port }) => resolve(port)))),
  )
  return { port: ports[0]!, pids: all.map((worker) => worker.process.pid!) }
}

function serveInCluster(): void {
  const table = warmTable()
  const server = createServer((socket) => {
    socket.once('data', (text) => socket.end(replyTo(table, String(text)))).on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
}

function ask(port: number, text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let reply = ''
    const socket = connect(port, '127.0.0.1').setEncoding('utf8')
    socket.on('data', (part: string) => (reply += part)).once('error', reject)
    socket.once('close', () => resolve(parseInt(reply)))
    socket.write(text)
  })
}

/** Asks until each process has answered so often. */
async function load(port: number, pids: readonly number[]): Promise<void> {
  const counts = new Map(pids.map((pid) => [pid, 0]))
  const enough = (): boolean => [...counts.values()].every((count) => count >= requests)
  const lane = async (at: number): Promise<void> => {
    for (let key = at; !enough(); key += 7919) {
      const pid = await ask(port, String(key))
      counts.set(pid, counts.get(pid)! + 1)
    }
  }
  await Promise.all(Array.from({ length: 2 * pids.length }, (_, at) => lane(at)))
}

function bytesOf(pid: number, kind: RegExp): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return [...text.matchAll(/^(\w+): +(\d+) kB$/gm)]
    .filter(([, name]) => kind.test(name!))
    .reduce((sum, [, , size]) => sum + Number(size) * 1024, 0)
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

if (cluster.isWorker) {
  serveInCluster()
} else {
  const { port, pids } = await (side === 'prefork' ? prefork() : ofCluster())
  await load(port, pids)
  const own = sum(pids.map((pid) => bytesOf(pid, /^Private_/))) / pids.length
  const all = sum([process.pid, ...pids].map((pid) => bytesOf(pid, /^Pss$/)))
  console.log(Math.round(own), Math.round(all))
  process.exit()
}
