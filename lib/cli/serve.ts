// posix-async serve: one server in the foreground, stopped by signals as every server is.
import { type Command, Option } from 'commander'
import { duration, durationOption, listenPort, positiveDuration, whole } from './arguments.js'
import { Log } from './log.js'
import { handlerNamed } from './serve-handler.js'
import {
  asFailure,
  BACKENDS,
  hasWorkers,
  MODELS,
  type ModelName,
  open,
  type RunningServer,
  type ServeOptions,
  type WorkersServer,
} from './serve-models.js'
import { reopenOnSignal, stopOnSignals, tellOfWorkers, workersOnSignals, type Reporting } from './serve-signals.js'
import { Service } from './systemd.js'

interface Options extends ServeOptions {
  model: ModelName
  handler: string
  quiet?: boolean
  log?: string
}

function placeOf(address: ReturnType<RunningServer['address']>): string {
  if (address === null || typeof address === 'string') return String(address)
  return address.family === 'IPv6' ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`
}

// Resolves when the server has ended in good order.
function ended(server: RunningServer): Promise<void> {
  return new Promise((resolve, reject) =>
    server.once('close', resolve).once('error', (error: Error) => reject(asFailure(error))),
  )
}

function manageWorkers(server: WorkersServer, handler: string, surroundings: Reporting): void {
  process.title = 'posix-async master'
  type Reloaded = Parameters<WorkersServer['reload']>[0]
  const reload = async (): Promise<void> => server.reload((await handlerNamed(handler)) as Reloaded)
  workersOnSignals(server, { ...surroundings, reload })
  tellOfWorkers(server, surroundings.log)
}

// A service goes on without a reader of its standard output.
function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error').on('error', () => {})
}

// What the system refused has its place in its message; a fault of the handler's has it in its stack.
function withStack(error: Error): string {
  const { name, message, stack = '' } = error
  const said = name === 'Error' || name === 'ErrnoError' ? message : `${name}: ${message}`
  const calls = stack.split('\n').filter((line) => line.startsWith('    at '))
  return 'errno' in error ? said : [said, ...calls].join('\n')
}

async function serve(options: Options): Promise<void> {
  const { model, handler, quiet, log: path, ...rest } = options
  const [log, service] = [new Log(path), new Service()]
  outliveOutput()
  const stopping = stopOnSignals({ log, service })
  const served = await handlerNamed(handler)
  if (stopping.signal.aborted) process.exit(0)
  const server = await open(model, { ...rest, signal: stopping.signal }, served)
  stopping.server = server
  reopenOnSignal(log)
  if (hasWorkers(server)) manageWorkers(server, handler, { log, service })
  const over = stopping.signal.aborted ? server.close() : ended(server)
  server.on('clientError', (error: Error, client: { remoteAddress?: string; remotePort?: number }) => {
    if (quiet) return
    const who = client.remoteAddress === undefined ? 'a client' : `${client.remoteAddress}:${client.remotePort}`
    log.tell(`${who}: ${withStack(error)}`)
  })
  process.stdout.write(`${model} server listening on ${placeOf(server.address())}, handler ${handler}\n`)
  service.ready()
  await over
  process.exit(0)
}

const HELP = `
Examples:
  posix-async serve --model fork --handler fibonacci --port 2999
  posix-async serve --model event --handler ./handler.js --host ::
  posix-async serve --workers auto --handler ./app.js --graceful-timeout 10s

Durations are 500ms, 30s, 2m; a bare number is in seconds.
Exit codes: 0 stopped in good order, 1 an error, 2 wrong usage, 3 a worker could not start, 4 the handler can't be loaded,
128 and the number of the signal that ended it at once
`

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run one server until a signal stops it: TERM and QUIT drain it, INT ends it')
    .addOption(new Option('-m, --model <model>', 'how clients are served at once').choices(MODELS).default('fork'))
    .option(
      '--handler <handler>',
      'fibonacci, echo, native:fibonacci, native:echo, or a file: a module or a .so',
      'fibonacci',
    )
    .option('-p, --port <port>', 'TCP port; 0 lets the kernel choose', listenPort, 2999)
    .option('--host <host>', 'address or name to listen on; :: for all', '127.0.0.1')
    .option('--path <path>', 'Unix socket to listen on, instead of host and port')
    .option('--fd <fd>', 'inherited listening descriptor, or systemd', inheritedFd)
    .addOption(new Option('--backend <backend>', 'of the event model (epoll)').choices(BACKENDS))
    .option('--backlog <n>', 'connections that may wait to be accepted', whole(1, 2 ** 31 - 1), 511)
    .option('--max-connections <n>', 'connections served at once', whole(0, 2 ** 31 - 1))
    .option('--max-children <n>', 'child processes at once, of the fork model (256)', whole(1, 2 ** 22))
    .option(
      '-w, --workers <n>',
      'a fixed number of processes, of the fork model; auto: WEB_CONCURRENCY, or one a processor',
      workerCount,
    )
    .option('--max-requests <n>', 'connections after which a worker makes room for a fresh one', whole(1, 2 ** 31 - 1))
    .option(
      '--refork-after <n>',
      'connections of a worker after which all others are forked from it',
      whole(1, 2 ** 31 - 1),
    )
    .option('--spawn-timeout <duration>', 'how long a worker may take until it can serve (10s)', positiveDuration)
    .option('--timeout <duration>', 'how long a worker may take for one connection', duration)
    .option('--user <user>', 'name or number of the user that the children of the fork model work as', nameOrNumber)
    .option('--group <group>', 'name or number of their group', nameOrNumber)
    .option('--max-threads <n>', 'threads at once, of the thread model (1024)', whole(1, 65_536))
    .option(
      '--threads <n>',
      'a pool of so many threads, of the thread model, instead of a thread a client',
      whole(1, 65_536),
    )
    .addOption(
      durationOption(
        '--idle-timeout <duration>',
        'close connections on which nothing moves for so long; 0: never',
        '0',
      ),
    )
    .addOption(durationOption('--graceful-timeout <duration>', 'how long draining may take', '30s'))
    .option('--log <file>', 'tell what happens there and not on standard error; USR1 opens it anew')
    .option('-q, --quiet', 'do not tell about clients whose connection failed')
    .addHelpText('after', HELP)
    .action(serve)
}

function inheritedFd(text: string): number | 'systemd' {
  return text === 'systemd' ? text : whole(0, 2 ** 31 - 1)(text)
}

function workerCount(text: string): number | 'auto' {
  return text === 'auto' ? text : whole(1, 4096)(text)
}

function nameOrNumber(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text
}
