// What threads are worth where requests compute: eight of them at once, answered by a function on the main thread, by a module in isolates
// and by native code, with one thread and with two.
//
//   node dist/examples/three-ways.js 30
import { connect } from 'node:net'
import { native, threadServer, type Connection, type Server } from 'posix-async'
import { fib } from './fibonacci-handler.js'

const REQUESTS = 8
const ROUNDS = 5
const n = Number(process.argv[2] ?? 30)

async function onMainThread(conn: Connection): Promise<void> {
  const request = await conn.read(256)
  if (request) await conn.write(String(fib(Number(request))))
}

const ways = {
  'a function, on the main thread': onMainThread,
  'a module, in isolates': new URL('./fibonacci-handler.js', import.meta.url),
  'native code, on threads': native('fibonacci'),
}

function ask(server: Server): Promise<string> {
  const { port } = server.address() as { port: number }
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').on('error', reject)
    let reply = ''
    socket.on('data', (chunk) => (reply += chunk)).on('close', () => resolve(reply))
    socket.write(String(n))
  })
}

const all = (server: Server): Promise<string[]> => Promise.all(Array.from({ length: REQUESTS }, () => ask(server)))

async function round(server: Server): Promise<number> {
  const begin = performance.now()
  const replies = await all(server)
  const milliseconds = performance.now() - begin
  if (replies.some((reply) => reply !== String(fib(n)))) throw new Error(`a reply was wrong: ${replies}`)
  return milliseconds
}

/** Milliseconds for all requests, the median of some rounds; the first one is for the compiler, and not counted. */
async function time(handler: (typeof ways)[keyof typeof ways], threads: number): Promise<number> {
  await using server = await threadServer({ host: '127.0.0.1', port: 0, threads }, handler)
  await round(server)
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) times.push(await round(server))
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!
}

console.log(`${REQUESTS} times fib(${n}), in ms`.padEnd(34), ' 1 thread  2 threads')
for (const [name, handler] of Object.entries(ways)) {
  const times = [await time(handler, 1), await time(handler, 2)]
  console.log(name.padEnd(34), times.map((ms) => ms.toFixed(0).padStart(9)).join('  '))
}
