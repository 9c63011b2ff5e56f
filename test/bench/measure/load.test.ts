// The load generator counts right, knows a wrong reply from a right one, and loads nothing but this machine.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compile } from '../../../bench/measure/compile.js'
import { runLoad } from '../../../bench/measure/load.js'
import { ServerProcess } from '../../../bench/contest/server-process.js'

let fibonacci: ServerProcess
let echo: ServerProcess

beforeAll(async () => {
  const file = await compile('epoll')
  fibonacci = await ServerProcess.start({ file, args: ['fibonacci'] })
  echo = await ServerProcess.start({ file, args: ['echo'] })
})

afterAll(async () => {
  await fibonacci.stop()
  await echo.stop()
})

async function withServer<T>(serve: (socket: Socket) => void, use: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use((server.address() as AddressInfo).port)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

const noErrors = { connect: 0, reset: 0, closed: 0, wrong: 0, timeout: 0, other: 0 }

describe('request', () => {
  it('makes so many requests and checks each reply', async () => {
    const report = await runLoad({
      mode: 'request',
      port: fibonacci.port,
      text: '20',
      expected: '10946',
      maxRequests: 200,
      duration: 20_000,
    })
    expect(report).toMatchObject({ mode: 'request', clients: 8, requests: 200, failed: 0, firstError: null })
    expect(report.errors).toEqual(noErrors)
    expect(report.bytes).toEqual({ out: 200 * 2, in: 200 * 5 })
  })

  it('orders its quantiles, and its rate is requests over seconds', async () => {
    const report = await runLoad({ mode: 'request', port: fibonacci.port, maxRequests: 300, duration: 20_000 })
    const { p50, p90, p99, p999, max, mean, rate, requests, seconds } = report
    expect([p50, p90, p99, p999, max].toSorted((a, b) => a - b)).toEqual([p50, p90, p99, p999, max])
    expect(p50).toBeGreaterThan(0)
    expect(mean).toBeLessThanOrEqual(max)
    expect(rate / (requests / seconds)).toBeCloseTo(1, 3)
  })

  it.each([
    ['another reply', '9'],
    ['a longer one', '80'],
    ['none', ''],
  ])('counts a reply as wrong where it expects %s', async (_, expected) => {
    const report = await runLoad({ mode: 'request', port: fibonacci.port, expected, maxRequests: 10, duration: 20_000 })
    expect(report).toMatchObject({ requests: 0, failed: 10, errors: { ...noErrors, wrong: 10 } })
    expect(report.firstError).toBe('wrong: the reply is not the one expected')
  })

  it('counts a connection that ends without a reply as closed', async () => {
    const report = await withServer(
      (socket) => socket.once('data', () => socket.end()),
      (port) => runLoad({ mode: 'request', port, maxRequests: 5, duration: 20_000 }),
    )
    expect(report).toMatchObject({ requests: 0, failed: 5, errors: { ...noErrors, closed: 5 } })
  })

  it('counts a reset as such', async () => {
    const report = await withServer(
      (socket) => socket.once('data', () => socket.resetAndDestroy()),
      (port) => runLoad({ mode: 'request', port, maxRequests: 5, duration: 20_000 }),
    )
    expect(report).toMatchObject({ requests: 0, failed: 5, errors: { ...noErrors, reset: 5 } })
  })

  it('gives up on a server that never answers', async () => {
    const report = await withServer(
      () => {},
      (port) => runLoad({ mode: 'request', port, clients: 3, duration: 400 }),
    )
    expect(report).toMatchObject({ requests: 0, failed: 3, errors: { ...noErrors, timeout: 3 } })
  })

  it('counts refused connections, and tries again only after a pause', async () => {
    const report = await runLoad({ mode: 'request', port: 1, clients: 2, duration: 200 })
    expect(report).toMatchObject({ requests: 0, firstError: 'connect: Connection refused' })
    expect(report.errors.connect).toBe(report.failed)
    expect(report.failed).toBeGreaterThan(0)
    expect(report.failed).toBeLessThanOrEqual(2 * 21)
  })
})

describe('echo', () => {
  it.each([1, 64, 300_000])('sends messages of %i bytes to and fro and compares every byte', async (size) => {
    const options = { mode: 'echo', port: echo.port, clients: 5, size, maxRequests: 100, duration: 20_000 } as const
    const report = await runLoad(options)
    expect(report).toMatchObject({ requests: 100, failed: 0, bytes: { in: 100 * size, out: 100 * size }, held: 5 })
  })

  it('keeps the connections from the warm-up, and does not count its messages', async () => {
    let [connections, bytes, warm] = [0, 0, 0]
    const counting = (socket: Socket): void => {
      connections++
      socket.on('data', (chunk) => {
        bytes += chunk.length
        socket.write(chunk)
      })
    }
    const report = await withServer(counting, (port) => {
      const options = { mode: 'echo', port, clients: 4, warmUp: 50, maxRequests: 8, duration: 20_000 } as const
      return runLoad(options, { ready: () => void (warm = bytes) })
    })
    expect(report).toMatchObject({ requests: 8, held: 4, bytes: { in: 8 * 64, out: 8 * 64 } })
    expect(warm).toBeGreaterThanOrEqual(4 * 64)
    expect([connections, bytes - warm]).toEqual([4, 8 * 64])
  })

  it('notices a byte that is not the one sent', async () => {
    const report = await withServer(
      (socket) => socket.on('data', (chunk) => socket.write(chunk.map((byte, at) => (at === 63 ? byte ^ 1 : byte)))),
      (port) => runLoad({ mode: 'echo', port, clients: 1, maxRequests: 3, duration: 20_000 }),
    )
    expect(report).toMatchObject({ requests: 0, failed: 3, errors: { ...noErrors, wrong: 3 } })
  })
})

it('keeps to a rate, and counts what it waited for as late', async () => {
  const at = { mode: 'request', port: fibonacci.port, rate: 200, duration: 500 } as const
  const report = await runLoad({ ...at, clients: 4 })
  expect(report).toMatchObject({ asked: 200, requests: 100, failed: 0 })
  // One client, a server that takes 20 ms a reply: each request waits for all before it.
  const late = await withServer(
    (socket) => socket.once('data', () => setTimeout(() => socket.end('x'), 20)),
    (port) => runLoad({ ...at, port, clients: 1, duration: 250 }),
  )
  expect(late.requests).toBe(50)
  expect(late.max).toBeGreaterThan(500_000)
})

it('shows a stall to all who were due meanwhile in an open loop, and only to those under way in a closed one', async () => {
  let stalled = Infinity // until when
  const stalling = (socket: Socket): unknown =>
    socket.on('data', (chunk) => {
      if (stalled === Infinity) stalled = performance.now() + 400
      setTimeout(() => socket.write(chunk), Math.max(0, stalled - performance.now()))
    })
  const at = { mode: 'echo', clients: 4, duration: 600 } as const
  const closed = await withServer(stalling, (port) => runLoad({ ...at, port }))
  stalled = Infinity
  const open = await withServer(stalling, (port) => runLoad({ ...at, port, rate: 200 }))
  expect([closed.max > 300_000, open.max > 300_000]).toEqual([true, true])
  expect(closed.p50).toBeLessThan(100_000)
  expect(open.p50).toBeGreaterThan(100_000)
})

it('has slow connections beside the clients', async () => {
  let slow = 0
  const report = await withServer(
    (socket) =>
      socket.on('data', (chunk) => {
        if (/^s+$/.test(String(chunk))) slow += chunk.length
        socket.write(chunk)
      }),
    (port) => runLoad({ mode: 'echo', port, clients: 2, slow: 5, duration: 400 }),
  )
  expect(report).toMatchObject({ clients: 2, held: 2, failed: 0 })
  expect(slow).toBeGreaterThanOrEqual(5)
  expect(report.slow).toEqual({ sent: slow, received: slow })
})

it('tells of slow connections that had no answer', async () => {
  const report = await withServer(
    (socket) => socket.on('data', (chunk) => /^s+$/.test(String(chunk)) || socket.write(chunk)),
    (port) => runLoad({ mode: 'echo', port, clients: 2, slow: 5, slowPause: 50, duration: 200 }),
  )
  expect(report).toMatchObject({ failed: 0, slow: { received: 0 } })
  expect(report.slow.sent).toBeGreaterThanOrEqual(5)
})

it('churns through short connections that end in every way', async () => {
  const ends = { reset: 0, unsaid: 0, said: 0 }
  let replies = 0
  const report = await withServer(
    (socket) => {
      let size = 0
      socket.on('data', (chunk) => (size += chunk.length) && socket.write(chunk, () => replies++))
      socket.on('error', () => ends.reset++).on('end', () => (size > 0 ? ends.said++ : ends.unsaid++))
    },
    (port) => runLoad({ mode: 'churn', port, clients: 8, maxRequests: 600, duration: 20_000 }),
  )
  expect(report).toMatchObject({ requests: 600, failed: 0, held: 0 })
  for (const count of Object.values(ends)) expect(count).toBeGreaterThan(50)
  expect(replies).toBeGreaterThan(100)
})

it('knows a half-closed connection whose reply is cut short', async () => {
  const report = await withServer(
    (socket) => socket.on('data', (chunk) => socket.end(chunk.subarray(1))),
    (port) => runLoad({ mode: 'churn', port, clients: 1, maxRequests: 60, duration: 20_000 }),
  )
  expect(report.failed).toBeGreaterThan(10)
  expect(report.errors.closed + report.errors.wrong).toBe(report.failed)
})

it('tells latencies by quantile, and what it used itself', async () => {
  const report = await runLoad({ mode: 'echo', port: echo.port, maxRequests: 500, duration: 20_000 })
  const latencies = report.quantiles.map(([, latency]) => latency)
  expect(report.quantiles.map(([at]) => at)).toEqual(report.quantiles.map(([at]) => at).toSorted((a, b) => a - b))
  expect(latencies).toEqual(latencies.toSorted((a, b) => a - b))
  expect(latencies.at(-1)).toBe(report.max)
  expect(report.generator.cpu).toBeGreaterThan(0)
})

it('holds idle connections, more than a burst of them', async () => {
  const report = await runLoad({ mode: 'idle', port: echo.port, clients: 600, duration: 2000 })
  expect(report).toMatchObject({ mode: 'idle', requests: 600, held: 600, failed: 0 })
})

it('tells of idle connections that the server ended', async () => {
  const report = await withServer(
    (socket) => socket.end(),
    (port) => runLoad({ mode: 'idle', port, clients: 7, duration: 20_000 }),
  )
  expect(report).toMatchObject({ held: 0, failed: 7, errors: { ...noErrors, closed: 7 } })
})

it('uploads, and reads what comes back meanwhile', async () => {
  const size = 5_000_000
  const options = { mode: 'upload', port: echo.port, clients: 1, size, maxRequests: 3, duration: 20_000 } as const
  expect(await runLoad(options)).toMatchObject({ requests: 3, failed: 0, bytes: { in: 3 * size, out: 3 * size } })
})

describe('what it refuses', () => {
  it.each(['10.0.0.1', '0.0.0.0', '8.8.8.8', '::', 'fe80::1', 'example.com', '127.0.0.1.example.com', ''])(
    'the target "%s", which is not this machine',
    async (host) => {
      await expect(runLoad({ mode: 'request', host, port: 80 })).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        message: `load: only loopback addresses may be loaded (127.0.0.0/8, ::1, localhost), not "${host}"`,
      })
    },
  )

  it.each([
    [['-c', '0', 'echo', '127.0.0.1', '80'], '-c must be a number from 1 to 20000, not "0"'],
    [['-c', '2.5', 'echo', '127.0.0.1', '80'], '-c must be a whole number, not "2.5"'],
    [['-d', 'nan', 'echo', '127.0.0.1', '80'], '-d must be a number from 0.001 to 3600, not "nan"'],
    [['-d', '1h', 'echo', '127.0.0.1', '80'], '-d must be a number from 0.001 to 3600, not "1h"'],
    [['shout', '127.0.0.1', '80'], 'no mode "shout": it is request, echo, idle, upload or churn'],
    [['echo', '127.0.0.1', '65536'], 'PORT must be a number from 1 to 65535, not "65536"'],
    [['-s', '2000000', 'echo', '127.0.0.1', '80'], '-s must be at most 1048576 for echo'],
    [['-S', '1', 'request', '127.0.0.1', '80'], '-S is for echo only'],
    [['echo'], 'usage: load request|echo|idle|upload|churn HOST PORT [options]'],
  ])('the arguments %j', async (args, complaint) => {
    const file = await compile('load')
    const [code, stderr] = await new Promise<[unknown, string]>((resolve) => {
      execFile(file, args, { timeout: 10_000 }, (error, _, stderr) => resolve([error?.code, stderr]))
    })
    expect(code).toBe(2)
    expect(stderr).toContain(complaint)
  })
})

it('ends when it is told to', async () => {
  const controller = new AbortController()
  const gates = { ready: () => controller.abort(), signal: controller.signal }
  await expect(runLoad({ mode: 'echo', port: echo.port, duration: 60_000 }, gates)).rejects.toMatchObject({
    name: 'AbortError',
  })
})
