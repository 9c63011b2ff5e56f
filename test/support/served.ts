// A server of `posix-async serve` as tests use it: started, asked, caught in the middle of something.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { program, Running } from './command.js'

export class Served extends Running {
  port = 0

  static async start(...args: string[]): Promise<Served> {
    const served = new Served(process.execPath, [program, 'serve', '--port', '0', ...args])
    served.port = Number((await served.said(/ listening on \S+:(\d+), handler/))[1])
    return served
  }

  ask(text: string): Promise<string> {
    return reply(connect(this.port, '127.0.0.1').end(text))
  }
}

/** All that comes until end of file. */
export async function reply(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

/** A connection to an echo server that has answered once, so that it is being served. */
export async function inTheMiddle(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write('first')
  const [echo] = (await once(socket, 'data')) as [Buffer]
  if (String(echo) !== 'first') throw new Error(`the echo of "first" was "${echo}"`)
  return socket
}

export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}
