// The lesson's servers run as they stand: two handlers, one source, four models.
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { connect, readAll } from '../support/clients.js'
import { Running } from '../support/command.js'

const program = fileURLToPath(new URL('../../dist/examples/lesson-servers.js', import.meta.url))
const models = ['sync', 'fork', 'thread', 'event'] as const
const ownProcess = { sync: 'one child', fork: 'a child a connection', thread: 'the server', event: 'the server' }

async function exchange(port: number, data: string | Buffer): Promise<Buffer> {
  const socket = await connect({ host: '127.0.0.1', port })
  socket.end(data)
  return readAll(socket)
}

async function withServer(model: string, handler: string, body: (port: number, pid: number) => Promise<string[]>) {
  await using server = new Running(process.execPath, [program, model, handler, '0'])
  const [, pid, port] = await server.said(/process (\d+), port (\d+)\n/)
  const replies = await body(Number(port), Number(pid))
  await server.said(new RegExp(`(process \\d+, client .*\\n){${replies.length}}`))
  server.child.kill('SIGTERM')
  const code = await server.end()
  const pids = [...server.stdout.matchAll(/^process (\d+), client/gm)].map(([, by]) => Number(by))
  return { replies, pids, code, pid: Number(pid), stdout: server.stdout, stderr: server.stderr }
}

function whoAnswered({ pids, pid }: { pids: number[]; pid: number }): string {
  const others = new Set(pids)
  if (others.size === 1) return others.has(pid) ? 'the server' : 'one child'
  return others.has(pid) || others.size < pids.length ? `${[...others].join()}` : 'a child a connection'
}

describe.each(models)('lesson-servers %s', (model) => {
  it('fibonacci: fib(0) = fib(1) = 1, decimal replies, and "out of range" beyond 34, below 0 and for what is no number', async () => {
    const asked = ['0', '1', '5', '10', '27', '34', '35', '-1', 'five', '5x']
    const seen = await withServer(model, 'fibonacci', async (port) => {
      const replies: string[] = []
      for (const text of asked) replies.push((await exchange(port, text)).toString())
      return replies
    })
    const outside = 'out of range'
    expect(seen.replies).toEqual(['1', '1', '8', '89', '317811', '9227465', outside, outside, outside, outside])
    expect(whoAnswered(seen)).toBe(ownProcess[model])
    expect([seen.code, seen.stderr]).toEqual([0, ''])
    expect(seen.stdout).toMatch(/10 clients served, 0 of them failed\n$/)
  })

  it('echo: every byte comes back, from several clients at once', async () => {
    const sent = [1, 70_000, 300_000].map((size, i) => Buffer.alloc(size, `${i}abcdefg`))
    const seen = await withServer(model, 'echo', async (port) => {
      const back = await Promise.all(sent.map((data) => exchange(port, data)))
      return back.map((data, i) => (data.equals(sent[i]!) ? 'equal' : `${data.length} bytes`))
    })
    expect(seen.replies).toEqual(['equal', 'equal', 'equal'])
    expect(whoAnswered(seen)).toBe(ownProcess[model])
    expect([seen.code, seen.stderr]).toEqual([0, ''])
  })
})

it('lesson-servers tells how it is used', async () => {
  await using wrong = new Running(process.execPath, [program, 'toString', 'echo'])
  expect(await wrong.end()).toBe(2)
  expect(wrong.stderr).toBe('usage: lesson-servers sync|fork|thread|event fibonacci|echo [PORT]\n')
})
