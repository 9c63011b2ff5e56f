// The asynchronous web server runs as it stands: static and dynamic files, whole, for many clients at once.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get, Agent, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, readAll } from '../support/clients.js'
import { Running } from '../support/command.js'

const program = fileURLToPath(new URL('../../dist/examples/static-server.js', import.meta.url))
const KINDS = ['static', 'dynamic']
const files = { 'page.html': Buffer.from('<p>hello'), empty: Buffer.alloc(0), 'sub/big.bin': randomBytes(12_345_678) }
const noWrk = spawnSync('wrk', ['-v']).error !== undefined

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'static-server-'))
  for (const kind of KINDS) {
    mkdirSync(join(folder, kind, 'sub'), { recursive: true })
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, kind, name), bytes)
  }
  writeFileSync(join(folder, 'secret'), 'nobody may read this')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe.each(['epoll', 'poll'])('%s', (backend) => {
  let server: Running
  let port: number
  beforeEach(async () => {
    server = new Running(process.execPath, [program, '0', folder, backend])
    port = Number((await server.said(/on port (\d+)/))[1])
  })
  afterEach(async () => server[Symbol.asyncDispose]())

  async function fetched(path: string, agent?: Agent): Promise<{ status: number | undefined; body: Buffer }> {
    const [response] = (await once(get({ port, host: '127.0.0.1', path, agent: agent ?? false }), 'response')) as [
      IncomingMessage,
    ]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode, body: Buffer.concat(chunks) }
  }

  it.each(KINDS)('serves every %s file whole, over one connection and over many at once', async (kind) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const [name, bytes] of Object.entries(files)) {
      const replies = [
        await fetched(`/${kind}/${name}`, agent),
        ...(await Promise.all([1, 2, 3].map(() => fetched(`/${kind}/${name}`)))),
      ]
      expect(replies.map(({ status, body }) => [status, body.equals(bytes)])).toEqual(Array(4).fill([200, true]))
    }
    agent.destroy()
  })

  it('answers 404 to what is not there, no file, not a request for one, or outside of the folders', async () => {
    const paths = ['/static/none', '/static/sub', '/', '/other/page.html', '/static/../secret', '/static/..%2fsecret']
    const replies = await Promise.all(paths.map((path) => fetched(path)))
    expect(replies.map(({ status }) => status)).toEqual(paths.map(() => 404))
  })

  it('answers requests that come together in their order, and closes when asked to', async () => {
    const client = await connect({ host: '127.0.0.1', port })
    const request = (name: string, more = ''): string => `GET /static/${name} HTTP/1.1\r\nHost: here\r\n${more}\r\n`
    client.write(request('page.html') + request('none') + request('page.html', 'Connection: close\r\n'))
    const page = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n<p>hello'
    const none = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'
    expect(String(await readAll(client))).toBe(page + none + page)
  })

  it('a client that leaves in the middle of a file harms nobody', async () => {
    const leaving = await connect({ host: '127.0.0.1', port })
    leaving.write('GET /static/sub/big.bin HTTP/1.1\r\n\r\n')
    await once(leaving, 'readable')
    leaving.resetAndDestroy()
    await server.said(/a client: /, 'stderr')
    expect((await fetched('/static/page.html')).status).toBe(200)
    server.child.kill('SIGTERM')
    expect(await server.end()).toBe(0)
  })

  it.skipIf(noWrk)(`holds out against wrk${noWrk ? ' (skipped: there is none)' : ''}`, () => {
    for (const kind of KINDS) {
      const said = execFileSync('wrk', ['-t1', '-c50', '-d1', `http://127.0.0.1:${port}/${kind}/page.html`], {
        encoding: 'utf8',
      })
      expect(Number(/(\d+) requests in/.exec(said)?.[1])).toBeGreaterThan(100)
      expect(said).not.toMatch(/Socket errors|Non-2xx/)
    }
  })
})
