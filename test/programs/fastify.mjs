// Fastify with its own log, a Redis client, and fetch to another service for each request.
import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
import { Redis } from 'ioredis'
import { destination, pino } from 'pino'

const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1')
redis.on('error', () => {})
const service = `http://127.0.0.1:${process.env.SERVICE_PORT}/`
await (await fetch(service)).text() // as it starts

let refreshed = 0
setInterval(() => refreshed++, 20).unref()

const server = fastify({ loggerInstance: pino({ base: null, timestamp: false }, destination({ sync: true })) })
server.get('/count', async (request) => {
  await (await fetch(service)).text()
  const count = await redis.incr('requests')
  request.log.info({ count }, 'counted')
  return { count, id: randomUUID(), pid: process.pid, refreshed }
})
server.get('/crash', () => process.kill(process.pid, 'SIGKILL'))
await server.ready()

export const app = (request, response) => server.routing(request, response)
