// posix-async load HOST PORT: drives a server on this machine, and tells what it stood.
import { connect } from 'node:net'
import { type Command, Option } from 'commander'
import colors from 'picocolors'
import { bytes, connectPort, durationOption, EXIT, Failure, positiveDuration, whole } from 'posix-async/command'
import { type LoadMode, type LoadReport, runLoad } from '../measure/load.js'
import { time } from '../report/report.js'

interface Options {
  mode: LoadMode
  clients: number
  duration: number
  warmUp: number
  requests?: number
  size?: number
  text?: string
  expect?: string
  json?: boolean
}

const things: Record<LoadMode, string> = {
  request: 'requests',
  echo: 'messages',
  idle: 'connections',
  upload: 'uploads',
  churn: 'short connections that end in every way',
}

function whatFailed({ failed, errors, firstError }: LoadReport): string {
  if (failed === 0) return 'no errors'
  const kinds = Object.entries(errors).filter(([, count]) => count > 0)
  const list = kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')
  return colors.red(`${failed} errors (${list}); the first: ${firstError}`)
}

function render(report: LoadReport): string {
  const { mode, requests, seconds, rate, clients, p50, p90, p99, p999, max, held } = report
  const lines = [
    `${requests} ${things[mode]} in ${seconds.toFixed(2)} s with ${clients} clients: ${colors.bold(Math.round(rate).toString())} a second`,
    `latency  p50 ${time(p50)}  p90 ${time(p90)}  p99 ${time(p99)}  p99.9 ${time(p999)}  max ${time(max)}`,
    `bytes    ${report.bytes.out} sent, ${report.bytes.in} received`,
    whatFailed(report),
  ]
  if (mode === 'idle') lines[0] = `${held} of ${clients} connections held for ${seconds.toFixed(2)} s`
  return `${lines.join('\n')}\n`
}

// Nobody waits for a whole run to hear that there is no server.
function reachable(host: string, port: number): Promise<void> {
  if (!/^(127\.|::1$|localhost$)/.test(host)) return Promise.resolve() // which is refused
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    socket.once('connect', () => resolve(void socket.destroy()))
    socket.once('error', ({ message, code }: NodeJS.ErrnoException) =>
      reject(code === 'ECONNREFUSED' ? new Failure(`nothing listens on ${host}:${port}`) : new Failure(message)),
    )
  })
}

async function load(host: string, port: number, options: Options): Promise<void> {
  const { requests, expect, json, ...same } = options
  await reachable(host, port)
  try {
    const report = await runLoad({ ...same, host, port, maxRequests: requests, expected: expect })
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : render(report))
    if (report.requests === 0 || report.failed > 0) process.exitCode = EXIT.error
  } catch (error) {
    const refused = (error as { code?: unknown }).code === 'ERR_INVALID_ARG_VALUE'
    throw refused ? new Failure((error as Error).message.replace(/^load: /, ''), EXIT.usage) : error
  }
}

const HELP = `
Examples:
  posix-async-compare load 127.0.0.1 2999 -c 64 -d 5s
  posix-async-compare load localhost 8080 --mode echo --size 4k

Exit codes: 0 all replies came and were right, 1 an error or a wrong reply, 2 wrong usage
`

export function addLoad(program: Command): void {
  const mode = new Option('-m, --mode <mode>', 'what each client does')
  program
    .command('load')
    .description(
      'drive a server on this machine: request (one a connection), echo, idle connections, uploads, or churn: short connections that end in every way',
    )
    .argument('<host>', 'a loopback address')
    .argument('<port>', 'TCP port', connectPort)
    .addOption(mode.choices(Object.keys(things)).default('request'))
    .option('-c, --clients <n>', 'clients at once', whole(1, 20_000), 8)
    .addOption(durationOption('-d, --duration <duration>', 'how long', '10s').argParser(positiveDuration))
    .option('-n, --requests <n>', 'requests at most, over all clients', whole(1, 1e12))
    .option('-s, --size <bytes>', 'of a message (echo, churn; 64) or of an upload (1M)', bytes)
    .option('-t, --text <text>', 'what a request says (5)')
    .option('-e, --expect <text>', 'the reply expected; any other counts as an error')
    .addOption(durationOption('--warm-up <duration>', 'how long before counting begins', '0'))
    .option('-j, --json', 'print JSON')
    .addHelpText('after', HELP)
    .action(load)
}
