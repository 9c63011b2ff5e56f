// A consumer of a queue: each lane waits for a job on a connection of its own, and does it; what is done is counted over the client that all share.
import { Redis } from 'ioredis'
import { pino } from 'pino'

const log = pino({ base: null, timestamp: false })
const options = { port: Number(process.env.REDIS_PORT), host: '127.0.0.1' }
const redis = new Redis(options)
redis.on('error', () => {})

async function work(job) {
  const count = await redis.incr(`done ${job}`)
  await redis.incr('requests')
  log.info({ count }, 'counted')
  return `${job} of ${process.pid}`
}

/** `run` does the work, perhaps elsewhere. Gives what it gave for each job, until one is named 'end'. */
export async function consume(run) {
  const results = []
  const lane = async () => {
    const jobs = new Redis(options)
    jobs.on('error', () => {})
    for (;;) {
      const [, job] = await jobs.blpop('jobs', 0)
      if (job === 'end') return jobs.disconnect()
      results.push(await run(() => work(job)))
    }
  }
  await Promise.all([lane(), lane(), lane()])
  return results
}

export async function produce(count) {
  for (let i = 0; i < count; i++) await redis.rpush('jobs', `job ${i}`)
  for (let i = 0; i < 3; i++) await redis.rpush('jobs', 'end')
}

export const leave = () => redis.disconnect()
