// The C peers answer as the lesson says, each in its own model.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compile, type Program } from '../../../bench/measure/compile.js'
import { answer } from '../../../bench/contest/handlers.js'
import { ServerProcess } from '../../../bench/contest/server-process.js'

const peers: Program[] = ['iterative', 'fork', 'prefork', 'thread', 'thread-pool', 'epoll', 'io-uring']

const replies: [request: string, reply: string][] = [
  ['0', '1'],
  ['1', '1'],
  ['5', '8'],
  ['20', '10946'],
  ['34', '9227465'],
  [' 7\r\n', '21'],
  ['+6', '13'],
  ['+', 'out of range'],
  ['0x5', 'out of range'],
  ['35', 'out of range'],
  ['-1', 'out of range'],
  ['abc', 'out of range'],
  ['5x', 'out of range'],
  ['5.5', 'out of range'],
  ['1e1', 'out of range'],
  ['\n', 'out of range'],
  ['99999999999999999999', 'out of range'],
]

async function whole(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

// What stays when no client is there.
const workersOf = (peer: Program): number => (peer === 'prefork' ? availableParallelism() : 0)

// The client does not end its side: the server is the one to close.
function ask(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  return whole(socket)
}

describe.each(peers)('the C peer %s', (peer) => {
  let server: ServerProcess

  describe('fibonacci', () => {
    beforeEach(async () => {
      server = await ServerProcess.start({ file: await compile(peer), args: ['fibonacci'] })
    })
    afterEach(() => server.stop())

    it('answers numbers, and what is none, in one read and one reply', async () => {
      const got: [string, string][] = []
      for (const [request] of replies) got.push([request, await ask(server.port, request)])
      expect(got).toEqual(replies)
    })

    it('goes on after clients that leave at once, and leaves no process behind', async () => {
      for (let round = 0; round < 20; round++) {
        const socket = connect(server.port, '127.0.0.1')
        await once(socket, 'connect')
        socket.resetAndDestroy()
      }
      expect(await ask(server.port, '10')).toBe('89')
      await server.settle(1 + workersOf(peer), 10_000)
      expect(server.size).toBe(1 + workersOf(peer))
    })

    it('says that its port is in use, and ends with 1', async () => {
      const file = await compile(peer)
      const [code, stderr] = await new Promise<[unknown, string]>((resolve) => {
        execFile(file, ['fibonacci', String(server.port)], { timeout: 10_000 }, (error, _, stderr) => {
          resolve([error?.code, stderr])
        })
      })
      expect([code, stderr]).toEqual([1, 'bind: Address already in use\n'])
    })
  })

  describe('echo', () => {
    beforeEach(async () => {
      server = await ServerProcess.start({ file: await compile(peer), args: ['echo'] })
    })
    afterEach(() => server.stop())

    it('sends back every message on the same connection until end of file', async () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.write('one')
      expect(String((await once(socket, 'data'))[0])).toBe('one')
      socket.end('two')
      expect(await whole(socket)).toBe('two')
    })

    it('sends back much more than its buffer, in order', async () => {
      const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => at % 251))
      const socket = connect(server.port, '127.0.0.1')
      socket.end(sent)
      const got: Buffer[] = []
      for await (const chunk of socket) got.push(chunk as Buffer)
      expect(Buffer.concat(got).equals(sent)).toBe(true)
    })
  })

  it('think gives the request back, and upload its size', async () => {
    for (const [handler, reply] of [
      ['think', 'hello'],
      ['upload', '5'],
    ] as const) {
      server = await ServerProcess.start({ file: await compile(peer), args: [handler] })
      const socket = connect(server.port, '127.0.0.1')
      socket.end('hello')
      expect(await whole(socket)).toBe(reply)
      await server.stop()
    }
  })
})

it('the JavaScript handler gives the same replies as the C peers', () => {
  expect(replies.map(([request]) => [request, answer(request)])).toEqual(replies)
})

it.each([
  [[], 'usage: '],
  [['sing'], 'no handler "sing": it is fibonacci, echo, think or upload'],
  [['echo', '70000'], 'no port "70000": it is a number from 0 to 65535'],
])('a C peer refuses the arguments %j', async (args, complaint) => {
  const file = await compile('epoll')
  const [code, stderr] = await new Promise<[unknown, string]>((resolve) => {
    execFile(file, args, { timeout: 10_000 }, (error, _, stderr) => resolve([error?.code, stderr]))
  })
  expect(code).toBe(2)
  expect(stderr).toContain(complaint)
})
