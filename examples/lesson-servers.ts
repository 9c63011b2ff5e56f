// The lesson's two handlers, written once, under all four models. Each request is reported with the process that answered it.
//
//   node dist/examples/lesson-servers.js fork fibonacci 2999
//   npx posix-async request 127.0.0.1 2999 10
import { eventServer, forkServer, syncServer, threadServer, type Connection } from 'posix-async'

const LARGEST = 34

/** Recursive on purpose, so that an answer takes time; fib(0) = fib(1) = 1. */
function fib(n: number): number {
  return n < 2 ? 1 : fib(n - 1) + fib(n - 2)
}

function answer(request: string): string {
  const n = /^\s*[+-]?\d+\s*$/.test(request) ? Number(request) : NaN
  return n >= 0 && n <= LARGEST ? String(fib(n)) : 'out of range'
}

function report(conn: Connection, what: string): void {
  console.log(`process ${process.pid}, client ${conn.remotePort}: ${what}`)
}

/** One request a connection: a number in decimal, answered by its Fibonacci number. */
async function fibonacci(conn: Connection): Promise<void> {
  const request = (await conn.read(256))?.toString() ?? ''
  const reply = answer(request)
  await conn.write(reply)
  report(conn, `${JSON.stringify(request)} -> ${reply}`)
}

/** Sends back what comes, until the client has had enough. */
async function echo(conn: Connection): Promise<void> {
  let bytes = 0
  for await (const chunk of conn) {
    await conn.write(chunk)
    bytes += chunk.length
  }
  report(conn, `${bytes} bytes sent back`)
}

const handlers = { fibonacci, echo }
const models = { sync: syncServer, fork: forkServer, thread: threadServer, event: eventServer }

const [model = '', handler = '', port = '2999'] = process.argv.slice(2)
if (!Object.hasOwn(models, model) || !Object.hasOwn(handlers, handler)) {
  console.error(`usage: lesson-servers ${Object.keys(models).join('|')} ${Object.keys(handlers).join('|')} [PORT]`)
  process.exit(2)
}

const start = models[model as keyof typeof models]
const server = await start({ host: '127.0.0.1', port: Number(port) }, handlers[handler as keyof typeof handlers])
const address = server.address()
console.log(`${model} server, handler ${handler}, process ${process.pid}, port ${Object(address).port}`)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await server.close()
    const { accepted, errors } = server.stats()
    console.log(`${accepted} clients served, ${errors} of them failed`)
  })
}
