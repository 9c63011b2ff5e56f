// Who is compared: the C peers, this package's models, node's own servers, Python's; and a user's own.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { which } from 'posix-async/command'
import { compile, type Program } from '../measure/compile.js'
import { benchFolder, programFile } from '../measure/paths.js'
import type { Command } from './server-process.js'
import type { Workload } from './workloads.js'

export type Family = 'C' | 'posix-async' | 'node' | 'Python' | 'yours'
export type Model = 'sequential' | 'fork' | 'thread' | 'event'

export interface Contestant {
  /** As `--only` takes it. */
  id: string
  label: string
  family: Family
  model: Model
  /** What it is, in a sentence. */
  about: string
  /** Whether a short comparison has it too. */
  quick?: boolean
  /** Whether it stands for its model in the workloads beside the first two, and in the curves. */
  main?: boolean
  /** How many connections it serves at once (default: as many as come). */
  capacity?: number
  /** Whether it serves HTTP too. */
  http?: boolean
  /** Whose figures its own are put in proportion to. */
  reference?: string
  /** Why it can't do a workload, where it can't. */
  unfit?(workload: Workload): string | undefined
  /** What starts it. `file` is a user's own handler, of the workload "custom". */
  command(workload: Workload, file?: string): Promise<Command>
}

type Traits = Pick<Contestant, 'about'> & Partial<Contestant>

const CORES = availableParallelism()
const POOL = 64

const notYours = ({ handler }: Workload): string | undefined =>
  handler === 'custom' ? 'it has its own handlers only' : undefined

function peer(program: Program, model: Model, traits: Traits): Contestant {
  return {
    id: `c-${program}`,
    label: `C ${program.replaceAll('-', ' ').replace('io uring', 'io_uring')}`,
    family: 'C',
    model,
    unfit: notYours,
    command: async ({ handler }) => ({ file: await compile(program), args: [handler] }),
    ...traits,
  }
}

const serversProgram = programFile('contest/servers')

function script(id: string, label: string, model: Model, traits: Traits): Contestant {
  const command: Contestant['command'] = async ({ handler }, file) => ({
    file: process.execPath,
    args: [serversProgram, id, file ?? handler],
  })
  return { id, label, family: 'posix-async', model, command, ...traits }
}

const node = (id: string, label: string, traits: Traits): Contestant => ({
  ...script(id, label, 'event', { ...traits, unfit: notYours }),
  family: 'node',
  http: true,
  reference: 'c-epoll',
})

function python(kind: string, label: string, model: Model, traits: Traits): Contestant {
  const file = join(benchFolder, 'python/servers.py')
  return {
    id: `python-${kind}`,
    label,
    family: 'Python',
    model,
    unfit: notYours,
    command: async ({ handler }) => {
      if (which('python3') === undefined) throw new Error('there is no python3')
      return { file: 'python3', args: [file, kind, handler] }
    },
    ...traits,
  }
}

// A native handler is compiled where it is not built in.
const nativeHandlers: Partial<Record<Workload['handler'], Program>> = {
  think: 'think-handler',
  upload: 'upload-handler',
}

function native(id: string, label: string, model: Model, traits: Traits): Contestant {
  const command: Contestant['command'] = async ({ handler }, file) => {
    const library = nativeHandlers[handler]
    const name = file ?? (library ? await compile(library) : handler)
    return { file: process.execPath, args: [serversProgram, id, name] }
  }
  return { ...script(id, label, model, traits), command }
}

const onlyWithoutWaiting = ({ handler }: Workload): string | undefined =>
  handler === 'think' ? 'a native handler on the event loop must not wait' : undefined

/** All of them, those of one model side by side. */
export const contestants: readonly Contestant[] = [
  peer('iterative', 'sequential', { capacity: 1, about: 'One client at a time, in a loop of blocking calls.' }),
  script('sync', 'syncServer', 'sequential', {
    capacity: 1,
    reference: 'c-iterative',
    about: 'The same loop in a child process, so that the caller is not blocked.',
  }),
  native('sync-native', 'syncServer, native', 'sequential', {
    capacity: 1,
    reference: 'c-iterative',
    about: 'The same loop in a child process, with a handler in C.',
  }),
  peer('fork', 'fork', {
    quick: true,
    main: true,
    about: 'fork(2) for each connection; the child serves it and exits.',
  }),
  script('fork', 'forkServer', 'fork', {
    http: true,
    quick: true,
    main: true,
    reference: 'c-fork',
    about: 'A copy-on-write child of the whole Node.js runtime for each connection.',
  }),
  script('fork-blocking', 'forkServer, blocking', 'fork', {
    main: true,
    reference: 'c-fork',
    about: 'The same, with a handler that blocks in conn.readSync and conn.writeSync, as C and Python do.',
  }),
  native('fork-native', 'forkServer, native', 'fork', {
    reference: 'c-fork',
    about: 'The same child, with a handler in C: JavaScript is never entered in it.',
  }),
  python('forking', 'Python ForkingTCPServer', 'fork', {
    reference: 'c-fork',
    main: true,
    about: "Python's socketserver: os.fork for each connection.",
  }),
  peer('prefork', 'fork', {
    capacity: CORES,
    main: true,
    about: 'A process for each core, made before the first client; each accepts and serves for itself.',
  }),
  script('prefork', 'forkServer, workers', 'fork', {
    http: true,
    capacity: CORES,
    quick: true,
    main: true,
    reference: 'c-prefork',
    about: 'A worker for each core, forked from one warm heap; each serves one connection after another.',
  }),
  native('prefork-native', 'forkServer, workers, native', 'fork', {
    capacity: CORES,
    main: true,
    reference: 'c-prefork',
    about: 'A worker for each core, with a handler in C.',
  }),
  peer('thread', 'thread', {
    quick: true,
    main: true,
    about: 'pthread_create(3) for each connection, detached.',
  }),
  script('thread', 'threadServer', 'thread', {
    http: true,
    quick: true,
    main: true,
    reference: 'c-thread',
    about: "A thread for each connection's blocking reads and writes; the function runs on the main thread.",
  }),
  native('thread-native', 'threadServer, native', 'thread', {
    quick: true,
    main: true,
    reference: 'c-thread',
    about: 'A thread for each connection, and a handler in C on it: JavaScript is never entered.',
  }),
  python('threading', 'Python ThreadingTCPServer', 'thread', {
    reference: 'c-thread',
    main: true,
    about: "Python's socketserver: a thread for each connection, one at a time in the interpreter.",
  }),
  peer('thread-pool', 'thread', {
    capacity: POOL,
    about: `${POOL} threads made before the first client, each accepting for itself.`,
  }),
  script('thread-pool', 'threadServer, pool', 'thread', {
    capacity: POOL,
    reference: 'c-thread-pool',
    about: `${POOL} threads for blocking reads and writes; the function runs on the main thread.`,
  }),
  native('thread-pool-native', 'threadServer, pool, native', 'thread', {
    capacity: POOL,
    reference: 'c-thread-pool',
    about: `${POOL} threads with a handler in C.`,
  }),
  script('thread-isolate', 'threadServer, one isolate', 'thread', {
    http: true,
    capacity: 1,
    main: true,
    reference: 'c-iterative',
    about: 'One JavaScript isolate on a thread beside the main one: what a second one is worth is seen against it.',
  }),
  script('thread-isolates', 'threadServer, isolates', 'thread', {
    http: true,
    capacity: CORES,
    quick: true,
    main: true,
    reference: 'c-thread-pool',
    about: 'A JavaScript isolate with a thread for each core; each accepts and serves for itself.',
  }),
  peer('epoll', 'event', {
    quick: true,
    main: true,
    about: 'One thread and epoll(7), level-triggered: the classic loop.',
  }),
  peer('io-uring', 'event', {
    quick: true,
    main: true,
    reference: 'c-epoll',
    about: 'One thread and io_uring(7): multishot accept and receive, provided buffers, replies in batches.',
  }),
  script('event', 'eventServer', 'event', {
    http: true,
    quick: true,
    main: true,
    reference: 'c-epoll',
    about: 'epoll, and an async function for each connection.',
  }),
  script('event-callbacks', 'eventServer, callbacks', 'event', {
    quick: true,
    main: true,
    reference: 'c-epoll',
    about: 'epoll, and callbacks shared by all connections: the fast path.',
  }),
  script('event-poll', 'eventServer, poll', 'event', { reference: 'c-epoll', about: 'As eventServer, on poll(2).' }),
  script('event-select', 'eventServer, select', 'event', {
    reference: 'c-epoll',
    about: 'As eventServer, on select(2): descriptors below 1024 only.',
  }),
  script('event-uring', 'eventServer, io_uring', 'event', {
    quick: true,
    main: true,
    reference: 'c-epoll',
    about: 'io_uring(7), and callbacks shared by all connections.',
  }),
  native('event-native', 'eventServer, native', 'event', {
    main: true,
    reference: 'c-epoll',
    unfit: onlyWithoutWaiting,
    about: 'epoll, and a handler in C: JavaScript is never entered.',
  }),
  node('node-net', 'node:net', {
    quick: true,
    main: true,
    about: "Node.js's own server: libuv's epoll, a stream for each connection.",
  }),
  node('node-cluster', 'node cluster', {
    quick: true,
    main: true,
    about: 'node:net in a process for each core; the primary hands the connections out.',
  }),
  python('asyncio', 'Python asyncio', 'event', {
    reference: 'c-epoll',
    main: true,
    about: "Python's event loop, with streams.",
  }),
]

/** A server of the user's own: a shell command that serves on a port that is known beforehand. */
export function ownServer(command: string, port: number): Contestant {
  return {
    id: 'own',
    label: 'your server',
    family: 'yours',
    model: 'event',
    about: command,
    command: () => Promise.resolve({ file: '/bin/sh', args: ['-c', command], port }),
  }
}

/** Why a contestant is not asked to do this, if it can't. */
export function unfitness(
  { capacity = Infinity, http, unfit }: Contestant,
  workload: Workload,
  clients: number,
): string | undefined {
  if (workload.handler === 'http' && !http) return 'it does not serve HTTP'
  const waits = workload.load.mode === 'echo' || workload.load.mode === 'idle'
  const all = clients + (workload.load.slow ?? 0)
  if (waits && all > capacity) return `serves ${capacity} at a time: the other connections would only wait`
  return unfit?.(workload)
}

/** The contestants with these ids, in the order of the list. Throws RangeError for an id that nobody has. */
export function contestantsNamed(ids: readonly string[]): Contestant[] {
  const unknown = ids.find((id) => !contestants.some((contestant) => contestant.id === id))
  if (unknown !== undefined) {
    throw new RangeError(`no contestant "${unknown}"; there are ${contestants.map(({ id }) => id).join(', ')}`)
  }
  return contestants.filter(({ id }) => ids.includes(id))
}
