// Koa with a Redis client, and a request to another service for each of its own, over a pool of kept connections.
import { randomUUID } from 'node:crypto'
import { Agent, get } from 'node:http'
import { Redis } from 'ioredis'
import Koa from 'koa'
import { destination, pino } from 'pino'

const log = pino({ base: null, timestamp: false }, destination({ sync: true }))
const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1')
redis.on('error', () => {})
const agent = new Agent({ keepAlive: true, maxSockets: 4 })
const service = `http://127.0.0.1:${process.env.SERVICE_PORT}/`

const ask = () =>
  new Promise((resolve, reject) => {
    get(service, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject)
  })
await ask() // as it starts: the pool has a connection

let refreshed = 0
setInterval(() => refreshed++, 20).unref()

const koa = new Koa()
koa.use(async (context) => {
  if (context.path === '/crash') return process.kill(process.pid, 'SIGKILL')
  await ask()
  const count = await redis.incr('requests')
  log.info({ count }, 'counted')
  context.body = { count, id: randomUUID(), pid: process.pid, refreshed }
})

export const app = koa.callback()
