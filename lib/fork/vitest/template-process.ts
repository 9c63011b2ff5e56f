// The program of a template: vitest's worker, with the environment and the dependencies of the files, of which a child is forked for each file. It talks to
// the vitest that has started it through descriptor 3, and so does each child through a channel of its own.
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import type { ForkedPort as Port } from '../messages/forked-port.js'
import { ForkedPort } from '../messages/forked-port.js'
import type { ReceivedHandle } from '../messages/handles.js'
import { compactHeap } from '../compact-heap.js'
import { forkedWorker, type ForkedWorker } from '../worker/forked-worker.js'
import {
  answerTo,
  isCall,
  isOfUse,
  isResponse,
  type Command,
  type TemplateReport,
  type WorkerMessage,
} from './protocol.js'

type Listener = (message: unknown) => void
type RunTests = (state: unknown, traces: unknown) => Promise<void>

interface VitestWorker {
  init(options: object): void
  runBaseTests(method: 'run' | 'collect', state: unknown, traces: unknown): Promise<void>
  setupEnvironment(context: unknown): unknown
}

const [, , workerFile] = process.argv as [string, string, string]
const vitest = (await import(pathToFileURL(workerFile).href)) as VitestWorker
const exit = process.exit.bind(process)
const listeners = new Set<Listener>()
let post: (message: WorkerMessage) => void = () => {}
const hear = (message: unknown): void => [...listeners].forEach((listener) => listener(message))

// As vitest's own worker has it: only while tests run `process.exit` throws.
const running =
  (method: 'run' | 'collect'): RunTests =>
  async (state, traces) => {
    process.exit = ((code = process.exitCode ?? 0) => {
      throw new Error(`process.exit unexpectedly called with "${code}"`)
    }) as typeof process.exit
    try {
      await vitest.runBaseTests(method, state, traces)
    } finally {
      process.exit = exit
    }
  }

vitest.init({
  post: (message: WorkerMessage) => post(message),
  on: (listener: Listener) => listeners.add(listener),
  off: (listener: Listener) => listeners.delete(listener),
  teardown: () => {},
  setup: (context: unknown) => vitest.setupEnvironment(context),
  runTests: running('run'),
  collectTests: running('collect'),
})

/** Has the worker do one request after the other, and drops what it reports; what it asks for is answered by vitest. */
async function warm(main: Port<Command, TemplateReport>, requests: readonly WorkerMessage[]): Promise<void> {
  for (const request of requests) {
    await new Promise<void>((resolve) => {
      post = (message) => {
        if (isResponse(message)) resolve()
        else if (isCall(message) && !isOfUse(message)) queueMicrotask(() => hear(answerTo(message)))
        else main.send({ kind: 'rpc', message })
      }
      hear(request)
    })
  }
  post = () => {}
}

// Functions that a file has for its tests: what is called with them while a dependency loads is meant for the file that loads it.
const HOOKS = ['beforeAll', 'beforeEach', 'afterEach', 'afterAll', 'describe', 'it', 'test', 'suite'] as const

async function touchesHooks(load: () => Promise<unknown>): Promise<boolean> {
  const own = HOOKS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const)
  let touched = false
  for (const [name, descriptor] of own) {
    const get = (): unknown => ((touched = true), descriptor?.value)
    if (descriptor) Object.defineProperty(globalThis, name, { configurable: true, get, set: () => {} })
  }
  try {
    await load()
  } finally {
    for (const [name, descriptor] of own) if (descriptor) Object.defineProperty(globalThis, name, descriptor)
  }
  return touched
}

/** Gives those that a file has to load itself. */
async function preload(urls: readonly string[]): Promise<string[]> {
  const unfit: string[] = []
  for (const url of urls) {
    if (await touchesHooks(() => import(url)).catch(() => true)) unfit.push(url)
  }
  await new Promise((resolve) => setImmediate(resolve))
  compactHeap()
  return unfit
}

/** In a child. */
function live(parent: Port, poolId: number, uncaught: readonly NodeJS.UncaughtExceptionListener[]): void {
  process.env['VITEST_POOL_ID'] = String(poolId)
  process.removeAllListeners('uncaughtException')
  for (const listener of uncaught) process.on('uncaughtException', listener)
  parent.once('message', (_: unknown, [handle]: ReceivedHandle[]) => {
    const link = new ForkedPort<unknown, WorkerMessage>(handle!.take())
    post = (message) => void (link.connected && link.send(message))
    link.on('message', hear)
    link.on('disconnect', () => exit())
  })
}

const workers = new Map<number, ForkedWorker>()

function fork(
  main: Port<Command, TemplateReport>,
  { id, poolId }: { id: number; poolId: number },
  handle: ReceivedHandle,
): void {
  const uncaught = process.listeners('uncaughtException')
  const worker = forkedWorker((port) => live(port, poolId, uncaught))
  workers.set(id, worker)
  worker.send('link', [handle])
  worker.on('spawn', () => main.send({ kind: 'forked', id, pid: worker.pid! }))
  const ended = (error?: unknown): void => {
    workers.delete(id)
    const message = error === undefined ? undefined : String(error)
    if (main.connected) main.send({ kind: 'ended', id, code: worker.exitCode, signal: worker.signalCode, message })
  }
  worker.ended.then(() => ended(), ended)
}

async function obey(main: Port<Command, TemplateReport>, command: Command, handles: ReceivedHandle[]): Promise<void> {
  if (command.kind === 'fork') fork(main, command, handles[0]!)
  else if (command.kind === 'kill') workers.get(command.id)?.kill(command.signal)
  else if (command.kind === 'rpc') hear(command.message)
  else if (command.kind === 'preload') main.send({ kind: 'preloaded', unfit: await preload(command.urls) })
  else await warm(main, command.requests).then(() => main.send({ kind: 'warm' }))
}

const main = new ForkedPort<Command, TemplateReport>(3)
main.on('message', (command: Command, handles: ReceivedHandle[]) => void obey(main, command, handles))
await once(main, 'disconnect')
exit()
