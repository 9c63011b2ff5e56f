// What a parent under stress does while it forks: each load goes on by itself until it is stopped, or until a fork makes it the parent's.
import { pbkdf2, scrypt } from 'node:crypto'
import { lookup } from 'node:dns'
import { readFile, stat } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { deflate } from 'node:zlib'
import { pthread_create, pthread_join } from 'posix-async/posix'

const PBKDF2_ROUNDS = 20_000
const MOST_PTHREADS = 4

let running = new Set<string>()
const goesOn = (name: string): boolean => running.has(name)

const heap: object[] = []

/** A heap of about that size, whose objects the load `heap` replaces. */
export function fill(megabytes: number): void {
  for (let i = 0; i < megabytes * 8000; i++) heap.push({ i, text: `item ${i}`, list: [i, i + 1] })
}

function change(): void {
  if (!goesOn('heap')) return
  for (let i = 0; i < 2000; i++) heap[(Math.random() * heap.length) | 0] = { i, fresh: new Array(10).fill(i) }
  setImmediate(change)
}

function compile(): void {
  if (!goesOn('compiler')) return
  new Function('n', `let s = 0; for (let i = 0; i < n; i++) s += i ^ ${Date.now()}; return s`)(20_000)
  setImmediate(compile)
}

function tick(): void {
  if (!goesOn('timers')) return
  for (let i = 0; i < 10; i++) setTimeout(() => {}, i)
  setTimeout(tick, 1)
}

const files = (): void => void (goesOn('files') && stat('/proc/self/stat', () => readFile('/proc/self/maps', files)))
const hash = (): void => void (goesOn('hash') && pbkdf2('p', 's', PBKDF2_ROUNDS, 32, 'sha256', hash))
const derive = (): void => void (goesOn('hash') && scrypt('p', 's', 32, { N: 1024 }, derive))
const names = (): void => void (goesOn('names') && lookup('localhost', names))
const packed = Buffer.alloc(20_000, 'posix')
const pack = (): void => void (goesOn('zlib') && deflate(packed, pack))

let pthreads = 0
function comeAndGo(): void {
  if (!goesOn('pthreads')) return
  for (; pthreads < MOST_PTHREADS; pthreads++) {
    const [routine, argument] = pthreads % 2 === 0 ? (['fibonacci', 16] as const) : (['sleep', pthreads] as const)
    pthread_join(pthread_create(routine, argument)).finally(() => pthreads--)
  }
  setImmediate(comeAndGo)
}

const WORK = `
  const until = Date.now() + 50
  let list = []
  while (Date.now() < until) list = list.length > 1000 ? [] : [...list, { text: String(list.length) }]
  require('node:worker_threads').parentPort.postMessage(list.length)`

function work(): void {
  if (!goesOn('workers')) return
  new Worker(WORK, { eval: true }).once('exit', work)
}

const loads: Record<string, () => void> = {
  heap: change,
  compiler: compile,
  timers: tick,
  files,
  hash: () => (hash(), derive()),
  names: () => (names(), names()),
  zlib: pack,
  pthreads: comeAndGo,
  workers: work,
}

export const loadNames = Object.keys(loads)

/** Has these go on and no others. */
export function setLoad(wanted: readonly string[]): void {
  const fresh = wanted.filter((name) => !running.has(name))
  running = new Set(wanted)
  for (const name of fresh) loads[name]!()
}

/** In a child: the parent's load is the parent's. */
export function dropLoad(): void {
  running = new Set()
  heap.length = 0
}
