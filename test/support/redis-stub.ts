// As much of a Redis server as a client and a queue need: INFO, INCR, GET, RPUSH, BLPOP and what clients say first; RESP2. It is a real program's other end
// where no server is installed.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface RedisStub {
  readonly port: number
  readonly values: Map<string, number>
  /** How many connections there were. */
  connections(): number
  close(): Promise<void>
}

const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`

/** The commands that are whole in `text`, and how far they go. */
function commandsIn(text: string): { commands: string[][]; end: number } {
  const commands: string[][] = []
  let end = 0
  for (;;) {
    const [command, next] = commandAt(text, end)
    if (!command) return { commands, end }
    commands.push(command)
    end = next
  }
}

function commandAt(text: string, from: number): [command: string[] | undefined, next: number] {
  const head = /^\*(\d+)\r\n/.exec(text.slice(from, from + 16))
  if (!head) return [undefined, from]
  let at = from + head[0].length
  const words: string[] = []
  for (let left = Number(head[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 16))
    if (!size) return [undefined, from]
    const begin = at + size[0].length
    at = begin + Number(size[1]) + 2
    if (text.length < at) return [undefined, from]
    words.push(text.slice(begin, at - 2))
  }
  return [words, at]
}

export async function redisStub(): Promise<RedisStub> {
  const values = new Map<string, number>()
  const lists = new Map<string, string[]>()
  const waiting: { key: string; give: (item: string) => void }[] = []
  const sockets = new Set<Socket>()
  let count = 0

  function push(key: string, item: string): number {
    const waits = waiting.findIndex((one) => one.key === key)
    if (waits >= 0) waiting.splice(waits, 1)[0]!.give(item)
    else lists.set(key, [...(lists.get(key) ?? []), item])
    return lists.get(key)?.length ?? 0
  }

  function answer(socket: Socket, [name = '', key = '', value = '']: string[]): void {
    const give = (item: string): void => void socket.write(`*2\r\n${bulk(key)}${bulk(item)}`)
    switch (name.toLowerCase()) {
      case 'info':
        return void socket.write(bulk('redis_version:7.0.0\r\nloading:0\r\n'))
      case 'incr':
        values.set(key, (values.get(key) ?? 0) + 1)
        return void socket.write(`:${values.get(key)}\r\n`)
      case 'rpush':
        return void socket.write(`:${push(key, value)}\r\n`)
      case 'blpop': {
        const item = lists.get(key)?.shift()
        return item === undefined ? void waiting.push({ key, give }) : give(item)
      }
      default:
        return void socket.write('+OK\r\n')
    }
  }

  const server = createServer((socket) => {
    count++
    sockets.add(socket.on('error', () => {}))
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const { commands, end } = commandsIn((text += chunk))
      text = text.slice(end)
      for (const command of commands) answer(socket, command)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  }
  return { port: (server.address() as AddressInfo).port, values, connections: () => count, close }
}
