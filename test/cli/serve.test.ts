// posix-async serve, as a user runs it: each model, signals, and what can go wrong.
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, program, Running } from '../support/command.js'
import { childrenOf, inTheMiddle, reply, Served } from '../support/served.js'

const models = ['fork', 'thread', 'event', 'sync']

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posix-async-test-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

function refuses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(true))
    socket.once('connect', () => resolve(!socket.destroy()))
  })
}

async function untilItRefuses(port: number): Promise<void> {
  while (!(await refuses(port))) continue
}

// A zombie that is nobody's child any more stays until the machine's init, or what stands in for it, has taken note.
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe.each(models)('the %s model', (model) => {
  it.each(['fibonacci', 'native:fibonacci'])('serves %s, and SIGTERM ends it with 0', async (handler) => {
    await using server = await Served.start('--model', model, '--handler', handler)
    expect(server.stdout).toBe(`${model} server listening on 127.0.0.1:${server.port}, handler ${handler}\n`)
    const requests = ['0', '20', '-1', '35', 'abc']
    const replies = []
    for (const text of requests) replies.push(await server.ask(text))
    expect(replies).toEqual(['1', '10946', 'out of range', 'out of range', 'out of range'])
    server.child.kill('SIGTERM')
    expect([await server.end(), server.stderr]).toEqual([0, ''])
  })

  it.each(['SIGTERM', 'SIGQUIT'] as const)('finishes what was begun before %s, and takes no more', async (signal) => {
    await using server = await Served.start('--model', model, '--handler', 'echo')
    const client = await inTheMiddle(server.port)
    server.child.kill(signal)
    await untilItRefuses(server.port)
    client.end('second')
    expect(await reply(client)).toBe('second')
    expect([await server.end(), server.stderr]).toEqual([0, ''])
  })

  it('ends at once on SIGINT where there is no terminal, with its clients cut off', async () => {
    await using server = await Served.start('--model', model, '--handler', 'echo')
    const client = await inTheMiddle(server.port)
    const children = childrenOf(server.child.pid!)
    const closed = once(client, 'close')
    server.child.kill('SIGINT')
    expect(await server.end()).toBe(130)
    await closed
    for (const child of children) while (runs(child)) await new Promise((resolve) => setImmediate(resolve))
  })

  it('serves the default export of a file', async () => {
    const file = join(folder, 'upper.mjs')
    writeFileSync(
      file,
      `export default async (conn) => {
        for await (const chunk of conn) await conn.write(chunk.toString().toUpperCase())
      }`,
    )
    await using server = await Served.start('--model', model, '--handler', file)
    expect(await server.ask('shout')).toBe('SHOUT')
    server.child.kill('SIGTERM')
    expect(await server.end()).toBe(0)
  })

  it('tells in one line that its port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const end = await command(['serve', '--model', model, '--port', String(port)])
    other.close()
    expect(end).toEqual({
      code: 1,
      stdout: '',
      stderr: `posix-async: EADDRINUSE: address already in use, bind 127.0.0.1:${port}\n`,
    })
  })
})

describe('where it listens', () => {
  it('on a Unix socket, which is gone afterwards', async () => {
    const path = join(folder, 'server.sock')
    await using server = new Running(process.execPath, [program, 'serve', '--path', path, '--handler', 'echo'])
    await server.said(new RegExp(`^fork server listening on ${path}, handler echo\n`))
    expect(await reply(connect(path).end('hello'))).toBe('hello')
    server.child.kill('SIGTERM')
    expect(await server.end()).toBe(0)
    expect(existsSync(path)).toBe(false)
  })

  it('not on a path that is too long', async () => {
    const { code, stderr } = await command(['serve', '--path', `/tmp/${'x'.repeat(200)}`])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^posix-async: [^\n]+\n$/)
  })

  it('not at a host that is not there', async () => {
    const { code, stderr } = await command(['serve', '--host', 'missing.invalid', '--port', '0'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^posix-async: [^\n]*missing\.invalid[^\n]*\n$/)
  })
})

it.each(['epoll', 'poll', 'select'])('the event model serves with the back end %s', async (backend) => {
  await using server = await Served.start('--model', 'event', '--backend', backend)
  expect(await server.ask('10')).toBe('89')
  server.child.kill('SIGTERM')
  expect(await server.end()).toBe(0)
})

it('tells of a client whose connection failed, and goes on', async () => {
  const file = join(folder, 'throws.mjs')
  writeFileSync(
    file,
    `export default async (conn) => {
      const text = String(await conn.read())
      if (text === 'bad') throw new Error('no such thing')
      await conn.write(text)
    }`,
  )
  await using server = await Served.start('--model', 'thread', '--handler', file)
  expect(await server.ask('bad')).toBe('')
  expect((await server.said(/^.*\n/, 'stderr'))[0]).toMatch(/^posix-async: 127\.0\.0\.1:\d+: no such thing\n$/)
  await server.said(/^ +at .*throws\.mjs:3:/m, 'stderr') // and where
  expect(await server.ask('good')).toBe('good')
})

describe('the handler', () => {
  it.each([
    ['nonsense', 4, /^posix-async: no handler "nonsense": it is one of fibonacci, echo, .* there is no such file\n$/],
    ['native:nonsense', 4, /^posix-async: The argument "handler" must be 'echo', [^\n]+\n$/],
    ['./none.so', 4, /^posix-async: no handler ".\/none\.so"/],
  ])('"%s" is refused', async (handler, exitCode, line) => {
    const { code, stdout, stderr } = await command(['serve', '--port', '0', '--handler', handler])
    expect([code, stdout]).toEqual([exitCode, ''])
    expect(stderr).toMatch(line)
  })

  it('of a file that does not load ends with 4', async () => {
    const file = join(folder, 'broken.mjs')
    writeFileSync(file, 'import "./not-there.mjs"')
    const { code, stderr } = await command(['serve', '--port', '0', '--handler', file])
    expect(code).toBe(4)
    expect(stderr).toMatch(
      /^posix-async: .*broken\.mjs could not be loaded: Cannot find module .*not-there\.mjs'[^\n]*\n$/,
    )
  })

  it('of a file without a default export ends with 4', async () => {
    const file = join(folder, 'empty.mjs')
    writeFileSync(file, 'export const handler = 1')
    const { code, stderr } = await command(['serve', '--port', '0', '--handler', file])
    expect([code, stderr]).toEqual([4, `posix-async: ${file} has no default export; it must be the handler\n`])
  })

  it.each([
    ['syntax', 'export default 1\nconst = 2\n', /could not be loaded: Unexpected token '=' \(.*wrong\.mjs:2\)\n$/],
    ['throws', 'const a = 1\n\nthrow new TypeError("oh " + a)\n', /could not be loaded: oh 1 \(.*wrong\.mjs:3\)\n$/],
    ['kind', 'export default 7\n', /the default export of .*wrong\.mjs is of type number; it must be the handler\n$/],
    ['promise', 'await Promise.reject("no error")', /could not be loaded: no error\n$/],
  ])('of a file that is at fault (%s) ends with 4, and says where', async (_title, text, line) => {
    const file = join(folder, 'wrong.mjs')
    writeFileSync(file, text)
    const { code, stderr } = await command(['serve', '--port', '0', '--handler', file])
    expect(stderr).toMatch(line)
    expect(code).toBe(4)
  })

  it('of a shared object that is none ends with 4', async () => {
    const file = join(folder, 'text.so')
    writeFileSync(file, 'no shared object')
    const { code, stderr } = await command(['serve', '--port', '0', '--handler', file])
    expect(stderr).toMatch(/^posix-async: [^\n]*text\.so[^\n]*\n$/)
    expect(code).toBe(4)
  })

  it('in TypeScript is served where Node.js runs it, and else what helps is said', async () => {
    const file = join(folder, 'typed.ts')
    writeFileSync(
      file,
      'export default (conn: { readSync(n: number): Buffer; writeSync(d: Buffer): void }) => conn.writeSync(conn.readSync(9))',
    )
    if ((process.features as { typescript?: unknown }).typescript) {
      await using served = await Served.start('--handler', file)
      expect(await served.ask('typed')).toBe('typed')
    } else {
      const { code, stderr } = await command(['serve', '--port', '0', '--handler', file])
      expect([code, stderr]).toEqual([
        4,
        expect.stringMatching(/typed\.ts could not be loaded: this Node\.js runs no TypeScript by itself: take 22\.18/),
      ])
    }
  })
})

it.each([
  [['--model', 'spoon'], 'Allowed choices are fork, thread, event, sync.'],
  [['--port', '65536'], 'It must be a whole number from 0 to 65535.'],
  [['--port', '-1'], 'It must be a whole number from 0 to 65535.'],
  [['--model', 'event', '--backend', 'kqueue'], 'Allowed choices are epoll, poll, select, io_uring.'],
  [['--model', 'fork', '--backend', 'poll'], '--backend is an option of the event model, and this is fork'],
  [['--model', 'event', '--max-children', '3'], '--max-children is an option of the fork model, and this is event'],
  [['--model', 'event', '--threads', '3'], '--threads is an option of the thread model, and this is event'],
  [['--idle-timeout', 'never'], 'It must be a duration such as 500ms, 30s or 2m.'],
])('refuses %j as wrong usage', async (args, why) => {
  const { code, stdout, stderr } = await command(['serve', ...args])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(why)
})
