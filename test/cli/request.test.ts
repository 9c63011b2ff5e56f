// posix-async request, as a user runs it.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { compile } from '../../bench/measure/compile.js'
import { ServerProcess } from '../../bench/contest/server-process.js'
import { command } from '../support/command.js'

let stop: () => unknown = () => {}
afterEach(() => stop())

async function peer(handler: string): Promise<string> {
  const server = await ServerProcess.start({ file: await compile('epoll'), args: [handler] })
  stop = () => server.stop()
  return String(server.port)
}

async function serve(onClient: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    onClient(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stop = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return String((server.address() as AddressInfo).port)
}

it('prints the reply', async () => {
  const port = await peer('fibonacci')
  expect(await command(['request', '127.0.0.1', port, '20'])).toEqual({ code: 0, stdout: '10946\n', stderr: '' })
})

it('takes a text that begins with a dash after --', async () => {
  const port = await peer('fibonacci')
  const end = await command(['request', '127.0.0.1', port, '--', '-1'])
  expect(end).toEqual({ code: 0, stdout: 'out of range\n', stderr: '' })
})

it('ends its side, so that an echo comes back whole', async () => {
  const text = 'x'.repeat(100_000)
  expect((await command(['request', '127.0.0.1', await peer('echo'), text])).stdout).toBe(`${text}\n`)
})

it('tells in one line of a host that is not there', async () => {
  const { code, stdout, stderr } = await command(['request', 'missing.invalid', '2999', '5'])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^posix-async: getaddrinfo E\w+ missing\.invalid\n$/)
})

it('tells in one line that nobody listens', async () => {
  const end = await command(['request', '127.0.0.1', '1', '5'])
  expect(end).toEqual({ code: 1, stdout: '', stderr: 'posix-async: connect ECONNREFUSED 127.0.0.1:1\n' })
})

it('tells the same of a name with several addresses', async () => {
  const { code, stderr } = await command(['request', 'localhost', '1', '5'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^posix-async: connect ECONNREFUSED \S+:1\n$/)
})

it('tells in one line of a connection that ends without a reply', async () => {
  const port = await serve((socket) => socket.once('data', () => socket.end()))
  const end = await command(['request', '127.0.0.1', port, '5'])
  expect(end).toMatchObject({
    code: 1,
    stderr: `posix-async: 127.0.0.1:${port} closed the connection without a reply\n`,
  })
})

it('does not wait for ever', async () => {
  const port = await serve(() => {})
  const end = await command(['request', '--timeout', '200ms', '127.0.0.1', port, '5'])
  expect(end).toMatchObject({ code: 1, stderr: `posix-async: no reply from 127.0.0.1:${port} within 200 ms\n` })
})
