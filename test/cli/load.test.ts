// posix-async load, as a user runs it.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compile } from '../../bench/measure/compile.js'
import { ServerProcess } from '../../bench/contest/server-process.js'
import { command } from '../support/command.js'

let server: ServerProcess
let port: string

beforeAll(async () => {
  server = await ServerProcess.start({ file: await compile('epoll'), args: ['fibonacci'] })
  port = String(server.port)
})

afterAll(() => server.stop())

it('tells requests, latencies, bytes and errors', async () => {
  const { code, stdout } = await command(['load', '127.0.0.1', port, '-n', '50', '-t', '20', '-e', '10946'])
  expect(code).toBe(0)
  const [first, latency, bytes, errors] = stdout.trimEnd().split('\n')
  expect(first).toMatch(/^50 requests in \d+\.\d\d s with 8 clients: \d+ a second$/)
  expect(latency).toMatch(/^latency {2}p50 .+ {2}p90 .+ {2}p99 .+ {2}p99\.9 .+ {2}max .+ [mµ]?s$/)
  expect([bytes, errors]).toEqual(['bytes    100 sent, 250 received', 'no errors'])
})

it('prints the same as JSON', async () => {
  const { code, stdout } = await command(['load', '127.0.0.1', port, '-n', '20', '-c', '2', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ mode: 'request', clients: 2, requests: 20, failed: 0 })
})

it('ends with 1 where replies are not as expected', async () => {
  const { code, stdout } = await command(['load', '127.0.0.1', port, '-n', '5', '-e', 'nine'])
  expect(code).toBe(1)
  expect(stdout).toContain('5 errors (5 wrong); the first: wrong: the reply is not the one expected')
})

it('loads nothing but this machine', async () => {
  expect(await command(['load', '192.0.2.1', '80'])).toEqual({
    code: 2,
    stdout: '',
    stderr: 'posix-async: only loopback addresses may be loaded (127.0.0.0/8, ::1, localhost), not "192.0.2.1"\n',
  })
})

it('says so where there is no compiler', async () => {
  const env = { ...process.env, PATH: '/nowhere', CC: '' }
  const { code, stderr } = await command(['load', '127.0.0.1', port], { env })
  expect(code).toBe(1)
  expect(stderr).toMatch(/^posix-async: a C compiler is needed for "load", and none of cc, gcc, clang is there; /)
})

it('says at once that nothing listens there', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dead = String((server.address() as AddressInfo).port)
  await new Promise((resolve) => server.close(resolve))
  const { code, stderr } = await command(['load', '127.0.0.1', dead, '-d', '1h'])
  expect([code, stderr]).toEqual([1, `posix-async: nothing listens on 127.0.0.1:${dead}\n`])
})
