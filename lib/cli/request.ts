// posix-async request HOST PORT TEXT: one request, and its reply on standard output.
import { connect } from 'node:net'
import type { Command } from 'commander'
import { connectPort, durationOption, positiveDuration } from './arguments.js'
import { Failure } from './failure.js'

interface RequestOptions {
  timeout: number
}

/** Sends `text` and end of file, and gives all that comes back. */
function exchange(host: string, port: number, text: string, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ host, port })
    const timer = setTimeout(() => {
      socket.destroy(new Failure(`no reply from ${host}:${port} within ${timeout} ms`))
    }, timeout)
    socket.on('connect', () => socket.end(text))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('end', () => resolve(Buffer.concat(chunks)))
    socket.on('error', reject)
    socket.on('close', () => clearTimeout(timer))
  })
}

async function request(host: string, port: number, text: string, { timeout }: RequestOptions): Promise<void> {
  const reply = await exchange(host, port, text, timeout)
  if (reply.length === 0) throw new Failure(`${host}:${port} closed the connection without a reply`)
  process.stdout.write(reply)
  if (reply.at(-1) !== 0x0a) process.stdout.write('\n')
}

export function addRequest(program: Command): void {
  const timeout = durationOption('--timeout <duration>', 'how long to wait for the whole reply', '30s')
  timeout.argParser(positiveDuration)
  program
    .command('request')
    .description('send one request and print the reply')
    .argument('<host>', 'name or address of the server')
    .argument('<port>', 'its TCP port', connectPort)
    .argument('<text>', 'what to send; write -- before a text that begins with a dash')
    .addOption(timeout)
    .addHelpText(
      'after',
      '\nExample:\n  posix-async request 127.0.0.1 2999 10\n\nExit codes: 0 a reply came, 1 none did, 2 wrong usage\n',
    )
    .action(request)
}
