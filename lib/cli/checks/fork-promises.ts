// Run by doctor and by npm run environments as a program of its own: tries each promise of docs/fork.md by itself, and prints a line of JSON
// for each: its name, and what was wrong with it, if anything. With an argument it tries the one of that name.
import { createHash, pbkdf2, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { forked, forkServer } from 'posix-async'
import * as posix from 'posix-async/posix'
import { kept, type PromiseOfFork } from './fork-promise-names.js'

const { _exit, fork, kill, mmap, native, pthread_create, pthread_join, waitpidAsync } = posix
const { WEXITSTATUS, WIFEXITED, WTERMSIG } = posix

const owner = process.pid
const WELL = 7
const LEAKED = 8
const PATIENCE = 8000 // milliseconds, for a child
const LONG_ENOUGH = 60 // milliseconds, for what would leak to come

/** Undefined, or what was wrong. */
type Outcome = string | undefined

async function endOf(pid: number): Promise<string> {
  let hung = false
  const timer = setTimeout(() => {
    hung = true
    kill(pid, 'SIGKILL')
  }, PATIENCE)
  const { status } = await waitpidAsync(pid)
  clearTimeout(timer)
  if (hung) return `hung for ${PATIENCE} ms`
  return WIFEXITED(status) ? `ended with ${WEXITSTATUS(status)}` : `died by signal ${WTERMSIG(status)}`
}

// What the child ends with; it leaves by itself where `body` gives no status.
async function child(
  body: () => number | void | Promise<number | void>,
  expected = `ended with ${WELL}`,
): Promise<Outcome> {
  const pid = fork()
  if (pid > 0) {
    const end = await endOf(pid)
    return end === expected ? undefined : `a child ${end}, not ${expected}`
  }
  void (async () => {
    const status = await body()
    if (status !== undefined) _exit(status)
  })().catch((error: Error) => {
    writeSync(2, `${error.stack}\n`)
    _exit(9)
  })
  return new Promise(() => {}) // the caller is the parent's
}

// What is called in a child and is the parent's.
const leaks = new Int32Array(mmap(null, 8))
const leak = (): void => void (process.pid === owner || (leaks[0] = 1))
const silently = async (): Promise<number> => (await pause(LONG_ENOUGH), leaks[0] === 0 ? WELL : LEAKED)
const told = (outcome: Outcome, what: string): Outcome =>
  outcome?.replace(`ended with ${LEAKED}`, `was called by ${what} of its parent's`)

async function queues(): Promise<Outcome> {
  const interval = setInterval(leak, 5)
  setTimeout(leak, 10)
  setImmediate(leak)
  process.nextTick(leak)
  void Promise.resolve().then(leak)
  const outcome = await child(silently)
  clearInterval(interval)
  return told(outcome, 'a queue')
}

async function pool(): Promise<Outcome> {
  for (let i = 0; i < 6; i++) pbkdf2('password', 'salt', 2000, 32, 'sha256', leak)
  void stat('/').then(leak)
  return told(await child(async () => (await stat('/'), silently())), 'the pool')
}

// The least module, many times as large: what counts is that it is compiled beside.
function wasm(): Uint8Array<ArrayBuffer> {
  const functions = 1000
  const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)])
  const section = (id: number, bytes: number[]): number[] => [id, ...leb(bytes.length), ...bytes]
  const body = [4, 0, 0x41, 42, 0x0b]
  const code = [...leb(functions), ...Array.from({ length: functions }, () => body).flat()]
  const types = section(1, [1, 0x60, 0, 1, 0x7f])
  const declared = section(3, [...leb(functions), ...new Array<number>(functions).fill(0)])
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...types, ...declared, ...section(10, code)])
}

interface Wasm {
  compile(bytes: Uint8Array): Promise<unknown>
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: Wasm }

async function engine(): Promise<Outcome> {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const { waitAsync } = Atomics as unknown as { waitAsync(...args: unknown[]): { value: Promise<unknown> } }
  void WebAssembly.compile(wasm()).then(leak)
  void waitAsync.call(Atomics, cell, 0, 0, LONG_ENOUGH / 2).value.then(leak)
  return told(await child(silently), "V8's work")
}

const helpers = (): Promise<Outcome> =>
  child(async () => {
    let found = 0
    for (let i = 0; i < 300_000; i++) found += { i, text: `${i}` }.text.length
    await WebAssembly.compile(wasm())
    return found > 0 ? WELL : LEAKED
  })

async function handles(): Promise<Outcome> {
  const server = createServer(leak).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const outcome = await child(() => {}, 'ended with 0')
  server.close()
  return outcome
}

const ids = (): Promise<Outcome> => child(() => (process.pid !== owner && process.ppid === owner ? WELL : LEAKED))

const BYTES = 32
async function random(): Promise<Outcome> {
  const kinds: Record<string, () => string> = {
    'Math.random': () => String(Math.random()),
    'crypto.randomUUID': () => randomUUID(),
    'crypto.randomInt': () => String(randomInt(2 ** 47)),
    'crypto.randomBytes': () => randomBytes(16).toString('hex'),
    'crypto.getRandomValues': () => crypto.getRandomValues(new Uint8Array(16)).join(),
  }
  const names = Object.keys(kinds)
  const shared = new Uint8Array(mmap(null, 4096))
  const draw = (row: number): void =>
    names.forEach((name, column) => {
      shared.set(createHash('sha256').update(kinds[name]!()).digest(), (row * names.length + column) * BYTES)
    })
  for (const row of [0, 1]) {
    const outcome = await child(() => (draw(row), WELL))
    if (outcome) return outcome
  }
  draw(2)
  const at = (row: number, column: number): string =>
    Buffer.from(shared.subarray((row * names.length + column) * BYTES)).toString('hex', 0, BYTES)
  const repeated = names.filter((_, column) => new Set([0, 1, 2].map((row) => at(row, column))).size < 3)
  return repeated.length > 0 ? `${repeated.join(', ')} repeats` : undefined
}

async function signals(): Promise<Outcome> {
  process.on('SIGUSR2', leak)
  const outcome = await child(() => void kill(process.pid, 'SIGUSR2'), 'died by signal 12')
  process.off('SIGUSR2', leak)
  return outcome
}

const nested = (): Promise<Outcome> =>
  child(async () => {
    const pid = fork()
    if (pid === 0) _exit(3)
    return (await endOf(pid)) === 'ended with 3' ? WELL : LEAKED
  })

// sleep(3) gives what is left of its time where something has interrupted it.
async function others(): Promise<Outcome> {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
  const libc = sharedObjects.find((path) => path.endsWith('/libc.so.6'))
  if (libc === undefined) return 'there is no libc.so.6'
  const sleeper = pthread_create(native(libc, 'sleep'), 1)
  await pause(LONG_ENOUGH)
  const outcome = await child(() => WELL)
  return outcome ?? (Number(await pthread_join(sleeper)) > 0 ? 'a sleep of another thread was interrupted' : undefined)
}

async function result(): Promise<Outcome> {
  const table = new Map([['answer', 42]])
  const found = await forked(() => table.get('answer'), { timeout: PATIENCE })
  return found === 42 ? undefined : `forked() gave ${found}`
}

async function server(): Promise<Outcome> {
  const server = await forkServer({ port: 0 }, (conn) => void conn.writeSync('served'))
  let failure: NodeJS.ErrnoException | undefined
  server.on('clientError', (error) => (failure = error))
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8')
  let said = ''
  client.on('data', (text: string) => (said += text))
  await new Promise((resolve) => client.on('close', resolve).on('error', resolve))
  await server.close()
  if (failure) return `${failure.code}: ${failure.message}`
  return said === 'served' ? undefined : `a client was told ${JSON.stringify(said)}`
}

const tries: Record<PromiseOfFork, () => Promise<Outcome>> = {
  queues,
  pool,
  engine,
  helpers,
  handles,
  ids,
  random,
  signals,
  nested,
  others,
  result,
  server, // prettier-ignore
}

async function attempt(name: PromiseOfFork): Promise<Outcome> {
  leaks[0] = 0
  try {
    return await tries[name]()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return `${code ?? 'Error'}: ${message}`
  }
}

const asked = process.argv[2] as PromiseOfFork | undefined
for (const name of asked ? [asked] : (Object.keys(kept) as PromiseOfFork[])) {
  const wrong = await attempt(name)
  writeSync(1, `${JSON.stringify({ name, wrong })}\n`)
}
_exit(0)
