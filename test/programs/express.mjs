// An application as people write them: Express with sessions, a rate limit, a log, a Redis client and a cache, all of it made when it is loaded. It knows
// nothing of what serves it.
import { randomUUID } from 'node:crypto'
import express from 'express'
import { rateLimit } from 'express-rate-limit'
import session from 'express-session'
import { Redis } from 'ioredis'
import { destination, pino } from 'pino'

const log = pino({ base: null, timestamp: false }, destination({ sync: true }))
const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1')
redis.on('error', () => {}) // ioredis connects anew

// Refreshed in the background, as caches of settings are.
let refreshed = 0
setInterval(() => refreshed++, 20).unref()

export const app = express()
app.use(rateLimit({ windowMs: 60_000, limit: 1_000_000, legacyHeaders: false, validate: false }))
app.use(session({ secret: 'of the test', resave: false, saveUninitialized: true, name: 'sid' }))

app.get('/count', async (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1
  const count = await redis.incr('requests')
  log.info({ count }, 'counted')
  response.json({ count, id: randomUUID(), pid: process.pid, refreshed })
})

app.get('/crash', () => process.kill(process.pid, 'SIGKILL'))
