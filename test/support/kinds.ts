// Twenty kinds of work that a Node.js program does: each proves that it was done. Run in forked children.
import { exec, execFileSync } from 'node:child_process'
import { createHash, pbkdf2, randomBytes, scrypt } from 'node:crypto'
import dns from 'node:dns/promises'
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { brotliCompress, gunzip, gzip } from 'node:zlib'
import { fork, waitpid, WEXITSTATUS, _exit } from 'posix-async/posix'

function prove(truth: boolean, what: string): void {
  if (!truth) throw new Error(`${what} went wrong`)
}

const fibonacci = (n: number): number => (n < 2 ? 1 : fibonacci(n - 1) + fibonacci(n - 2))

async function netEcho(): Promise<void> {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.end('hello')
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  prove(Buffer.concat(chunks).toString() === 'hello', 'net')
  server.close()
}

async function httpFetch(): Promise<void> {
  const server = createHttpServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  prove((await response.text()) === 'hello', 'fetch')
  server.closeAllConnections()
  server.close()
}

async function worker(): Promise<void> {
  const source = 'require("worker_threads").parentPort.postMessage(6 * 7)'
  const thread = new Worker(source, { eval: true })
  const [answer] = (await once(thread, 'message')) as [number]
  prove(answer === 42, 'Worker')
  await thread.terminate()
}

// (module (func (export "answer") (result i32) i32.const 42))
const wasm = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 10, 1, 6, 97, 110, 115, 119, 101, 114, 0, 0, 10,
  6, 1, 4, 0, 65, 42, 11,
])

declare const WebAssembly: {
  instantiate(bytes: Uint8Array): Promise<{ instance: { exports: { answer(): number } } }>
}

async function webAssembly(): Promise<void> {
  const { instance } = await WebAssembly.instantiate(wasm)
  prove(instance.exports.answer() === 42, 'WebAssembly')
}

function nestedFork(): void {
  const pid = fork()
  if (pid === 0) _exit(fibonacci(5))
  prove(WEXITSTATUS(waitpid(pid, 0).status) === 8, 'fork')
}

async function file(): Promise<void> {
  const path = join(tmpdir(), `posix-async-${process.pid}-${randomBytes(4).toString('hex')}`)
  await fs.writeFile(path, 'hello')
  prove((await fs.readFile(path, 'utf8')) === 'hello', 'fs')
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  prove(hash.digest('hex').startsWith('2cf24dba'), 'stream')
  await fs.unlink(path)
}

function collect(): void {
  const list: object[] = []
  for (let i = 0; i < 300_000; i++) list.push({ i, text: `item ${i}` })
  ;(globalThis as { gc?: () => void }).gc?.()
  prove(list.length === 300_000, 'heap')
}

/** Each rejects, or throws, when the work was not done right. */
export const kinds: Record<string, () => void | Promise<void>> = {
  file,
  netEcho,
  httpFetch,
  worker,
  webAssembly,
  nestedFork,
  collect,
  pbkdf2: async () => prove((await promisify(pbkdf2)('p', 's', 1000, 32, 'sha256')).length === 32, 'pbkdf2'),
  scrypt: async () => prove(((await promisify(scrypt)('p', 's', 32)) as Buffer).length === 32, 'scrypt'),
  timer: () => delay(2),
  immediate: async () => void (await immediate()),
  ticks: () => new Promise((resolve) => process.nextTick(resolve)),
  zlib: async () => {
    const packed = await promisify(gzip)(Buffer.alloc(100_000, 'x'))
    prove((await promisify(gunzip)(packed)).length === 100_000, 'zlib')
  },
  brotli: async () => prove((await promisify(brotliCompress)(Buffer.alloc(10_000, 'x'))).length > 0, 'brotli'),
  dns: async () => prove((await dns.lookup('localhost')).address.length > 0, 'dns'),
  exec: async () => prove((await promisify(exec)('echo hello')).stdout === 'hello\n', 'exec'),
  execSync: () => prove(execFileSync('echo', ['hello'], { encoding: 'utf8' }) === 'hello\n', 'execFileSync'),
  jit: () => prove(fibonacci(24) === 75_025, 'JIT'),
  manyStats: async () => {
    await Promise.all(Array.from({ length: 50 }, () => fs.stat('/proc/self/status')))
  },
  sync: () => prove(readFileSync('/proc/self/stat', 'utf8').startsWith(`${process.pid} `), 'process.pid'),
}
