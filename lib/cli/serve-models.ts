// What --model means, and which options are a model's own.
import {
  eventServer,
  forkServer,
  type Handler,
  type PreforkServer,
  type Server,
  syncServer,
  threadServer,
} from 'posix-async'
import { EXIT, Failure } from './failure.js'

export type RunningServer = Server
export type WorkersServer = PreforkServer

export const MODELS = ['fork', 'thread', 'event', 'sync'] as const
export const BACKENDS = ['epoll', 'poll', 'select', 'io_uring'] as const

export type ModelName = (typeof MODELS)[number]

/** As the command line gives them; what was not given is missing. */
export interface ServeOptions {
  port: number
  host: string
  path?: string
  fd?: number | 'systemd'
  backend?: (typeof BACKENDS)[number]
  backlog: number
  maxConnections?: number
  maxChildren?: number
  workers?: number | 'auto'
  maxRequests?: number
  spawnTimeout?: number
  reforkAfter?: number
  timeout?: number
  user?: string | number
  group?: string | number
  maxThreads?: number
  threads?: number
  idleTimeout: number
  gracefulTimeout: number
  /** Closes the server when it is aborted. */
  signal?: AbortSignal
}

type Start = (options: ServeOptions, handler: Handler) => Promise<Server>

const models = { fork: forkServer, thread: threadServer, event: eventServer, sync: syncServer } as Record<
  ModelName,
  Start
>

// Options that only one model has.
const own = [
  { name: 'backend', flag: '--backend', model: 'event' },
  { name: 'maxChildren', flag: '--max-children', model: 'fork' },
  { name: 'workers', flag: '--workers', model: 'fork' },
  { name: 'maxRequests', flag: '--max-requests', model: 'fork' },
  { name: 'spawnTimeout', flag: '--spawn-timeout', model: 'fork' },
  { name: 'reforkAfter', flag: '--refork-after', model: 'fork' },
  { name: 'timeout', flag: '--timeout', model: 'fork' },
  { name: 'user', flag: '--user', model: 'fork' },
  { name: 'group', flag: '--group', model: 'fork' },
  { name: 'maxThreads', flag: '--max-threads', model: 'thread' },
  { name: 'threads', flag: '--threads', model: 'thread' },
] as const

const ofWorkers: readonly string[] = ['maxRequests', 'spawnTimeout', 'reforkAfter']

function refuseOthersOptions(model: ModelName, options: ServeOptions): void {
  for (const { name, flag, model: owner } of own) {
    if (options[name] === undefined || owner === model) continue
    throw new Failure(`${flag} is an option of the ${owner} model, and this is ${model}`, EXIT.usage)
  }
}

function refuseWithWorkers(options: ServeOptions): void {
  const { workers, maxChildren } = options
  if (workers !== undefined && maxChildren !== undefined) {
    throw new Failure('--max-children is for a child a client, and --workers for a fixed number of them', EXIT.usage)
  }
  const given = own.find(({ name }) => ofWorkers.includes(name) && options[name] !== undefined)
  if (workers === undefined && given) {
    throw new Failure(`${given.flag} is for --workers: without, a child serves one client`, EXIT.usage)
  }
}

// A Unix socket or an inherited descriptor takes the place of host and port.
function placed(options: ServeOptions): ServeOptions {
  const { port: _port, host: _host, ...rest } = options
  return rest.path === undefined && rest.fd === undefined ? options : (rest as ServeOptions)
}

/** Starts a server of the model; it listens when the promise resolves. */
export function open(model: ModelName, options: ServeOptions, handler: Handler): Promise<Server> {
  refuseOthersOptions(model, options)
  refuseWithWorkers(options)
  return models[model](placed(options), handler).catch((error: NodeJS.ErrnoException) => {
    throw asFailure(error)
  })
}

// The library names its options, and a user of the command has typed flags.
const withFlags = (message: string): string =>
  message.replace(
    /(?:argument |value of )?"options\.(\w+)"/g,
    (_, name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  )

/** The error with the exit code that says of what kind it is: a worker that could not start, a handler that cannot be served, wrong usage. */
export function asFailure(error: NodeJS.ErrnoException): Error {
  const { code = '', message } = error
  if (code === 'ERR_POSIX_ASYNC_WORKER') return new Failure(message, EXIT.boot)
  if (['ERR_POSIX_ASYNC_HANDLER', 'ERR_DLOPEN_FAILED'].includes(code) || /"handler"/.test(message))
    return new Failure(message, EXIT.app)
  const told = withFlags(message)
  if (told !== message && /^ERR_(INVALID_ARG|OUT_OF_RANGE)/.test(code)) return new Failure(told, EXIT.usage)
  return error // also of a variable of the environment, which is no flag
}

/** Whether it is one with a fixed number of workers. */
export const hasWorkers = (server: Server): server is PreforkServer => 'workers' in server
