// What a server must endure: slow clients, idle ones, a long upload, and clients that come and go in every way. Each part drives one
// server and says what it came to, and which promises were broken.
import { once } from 'node:events'
import { connect } from 'node:net'
import { type LoadReport, runLoad } from '../../measure/load.js'
import type { Held } from './server.js'
import { type HandlerKind, type Kind, Subject } from './subject.js'

/** How much of each. */
export interface Sizes {
  /** Slow clients beside the fast ones, in turn. */
  slow: readonly number[]
  /** Milliseconds of each of these, and between two bytes of a slow client. */
  duration: number
  slowPause: number
  idle: number
  /** Bytes. */
  upload: number
  /** Short connections before memory is looked at first, and in all; and how many at a time. */
  churn: { first: number; all: number; step: number }
  /** Milliseconds after which an upload, or a step of short connections, is taken for one that does not end. */
  patience: number
}

export const FULL: Sizes = {
  ...{ slow: [0, 100, 1000], duration: 10_000, slowPause: 1000 },
  ...{ idle: 10_000, upload: 10 * 2 ** 30, churn: { first: 300_000, all: 1_000_000, step: 100_000 } },
  patience: 900_000,
}

export const SHORT: Sizes = {
  ...{ slow: [0, 20], duration: 200, slowPause: 50 },
  ...{ idle: 300, upload: 64 * 2 ** 20, churn: { first: 2000, all: 6000, step: 1000 } },
  patience: 30_000,
}

/** What a part came to. */
export interface Outcome {
  figures: string
  /** Promises that were broken, in words. */
  broken: string[]
}

type Part = (subject: Subject, sizes: Sizes, kind: Kind) => Promise<Outcome>

const MIB = 2 ** 20
const FAST = 50
// V8 takes or gives back a young generation whenever it likes.
const MOST_GROWTH = 16 * MIB
// V8 lets 32 MiB of young buffers come together before it collects them, and another thread gives them back while more come.
const MOST_PEAK = { callbacks: 16 * MIB, function: 128 * MIB, view: 16 * MIB }
// Of a connection that says nothing, with what its handler keeps: an async function that waits costs more than no function.
const MOST_IDLE = { callbacks: 2048, function: 4096, view: 4096 }

const mebi = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`
const thousand = (count: number): string => Math.round(count).toLocaleString('en-US')
const milli = (microseconds: number): string => `${(microseconds / 1000).toFixed(2)} ms`

/** Those of the conditions that hold, as promises broken. */
const broken = (...conditions: [boolean, string][]): string[] => conditions.filter(([is]) => is).map(([, what]) => what)

const unserved = ({ failed, firstError }: LoadReport): [boolean, string] => [
  failed > 0,
  `${failed} clients were not served right: ${firstError}`,
]

const leftOver = (before: Held, after: Held): [boolean, string][] => [
  [after.descriptors > before.descriptors, `${after.descriptors - before.descriptors} descriptors are left`],
  [after.active > 0, `${after.active} connections are left`],
]

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.write('still there?')
    const [chunk] = await once(socket, 'data', { signal: AbortSignal.timeout(5000) })
    return String(chunk) === 'still there?'
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

const slow: Part = async (subject, { slow: counts, duration, slowPause }) => {
  const outcome: Outcome = { figures: '', broken: [] }
  const before = await subject.settled()
  for (const count of counts) {
    const options = { port: subject.port, clients: FAST, duration, warmUp: duration / 5, slow: count, slowPause }
    const report = await runLoad({ ...options, mode: 'echo' })
    const { sent, received } = report.slow
    outcome.figures += `${outcome.figures && '; '}${count} slow: ${thousand(report.rate)}/s, p99 ${milli(report.p99)}`
    outcome.broken.push(
      ...broken(
        unserved(report),
        [received !== sent, `${sent - received} of ${sent} bytes of slow clients had no answer`],
        [count > 0 && sent < count, `only ${sent} bytes of ${count} slow clients went out`],
      ),
    )
  }
  outcome.broken.push(...broken(...leftOver(before, await subject.settled())))
  return outcome
}

const idle: Part = async (subject, { idle: clients }, { handler }) => {
  await runLoad({ mode: 'idle', port: subject.port, clients: Math.min(100, clients), duration: 100 })
  const before = await subject.settled()
  let during = before
  let answered = false
  const counted = async (): Promise<void> => {
    answered = await answers(subject.port)
    during = await subject.held()
  }
  // The connections are held at the gate; what comes before is time enough to make them.
  const report = await runLoad({ mode: 'idle', port: subject.port, clients, duration: 2000 }, { counted })
  const each = (during.rss - before.rss) / clients
  return {
    figures: `${thousand(report.held)} held, ${thousand(each)} bytes each; ${answered ? 'answers' : 'does not answer'}`,
    broken: broken(
      unserved(report),
      [report.held !== clients, `only ${report.held} of ${clients} connections were held`],
      [!answered, 'the server does not answer beside them'],
      [clients >= 1000 && each > MOST_IDLE[handler], `a connection costs ${each} bytes`],
      ...leftOver(before, await subject.settled()),
    ),
  }
}

const upload: Part = async (subject, { upload: size, patience }, { handler }) => {
  const before = await subject.settled()
  subject.resetPeak()
  const one = { mode: 'upload', port: subject.port, clients: 1, maxRequests: 1, duration: patience } as const
  const report = await runLoad({ ...one, size, expected: String(size) })
  const grown = subject.peak() - before.rss
  return {
    figures: `${mebi(size)} at ${mebi(size / report.seconds)}/s; peak ${mebi(grown)} above rest (${mebi(before.rss)})`,
    broken: broken(
      unserved(report),
      [report.requests !== 1, 'the upload had no reply'],
      [grown > MOST_PEAK[handler], `memory grew by ${mebi(grown)}`],
      ...leftOver(before, await subject.settled()),
    ),
  }
}

const churn: Part = async (subject, { churn: { first, all, step }, patience }) => {
  const before = await subject.settled()
  const sizes: number[] = []
  const failures: [boolean, string][] = []
  let seconds = 0
  let after = before
  for (let made = 0; made < all && failures.every(([failed]) => !failed); made += step) {
    const options = { mode: 'churn', port: subject.port, clients: 100, maxRequests: step } as const
    const report = await runLoad({ ...options, duration: patience })
    failures.push(unserved(report), [report.requests !== step, `${report.requests} of ${step} connections were over`])
    seconds += report.seconds
    after = await subject.settled()
    sizes.push(after.rss)
  }
  const from = sizes[first / step - 1] ?? after.rss
  const grown = after.rss - from
  return {
    figures: `${thousand(all)} at ${thousand(all / seconds)}/s; RSS ${mebi(from)} after ${thousand(first)}, ${mebi(after.rss)} at the end`,
    broken: broken(
      ...failures,
      [grown > MOST_GROWTH, `memory grew by ${mebi(grown)}: ${sizes.map(mebi).join(', ')}`],
      [!(await answers(subject.port)), 'the server does not answer any more'],
      ...leftOver(before, after),
    ),
  }
}

export interface Known {
  about: string
  work: Kind['work']
  handlers: readonly HandlerKind[]
  run: Part
}

const both = ['callbacks', 'function'] as const

export const parts: Record<string, Known> = {
  slow: { about: `${FAST} clients at full speed beside slow ones`, work: 'echo', handlers: both, run: slow },
  idle: { about: 'connections that say nothing', work: 'echo', handlers: both, run: idle },
  upload: { about: 'one long upload', work: 'upload', handlers: [...both, 'view'], run: upload },
  churn: { about: 'short connections that end in every way', work: 'echo', handlers: both, run: churn },
}

/** One part with one kind of server. A server that does not start, or ends on the way, has broken a promise as well. */
export async function endure(name: string, kind: Kind, sizes: Sizes): Promise<Outcome> {
  let subject: Subject | undefined
  try {
    subject = await Subject.start(kind)
    return await parts[name]!.run(subject, sizes, kind)
  } catch (error) {
    return { figures: '', broken: [(error as Error).message] }
  } finally {
    await subject?.stop()
  }
}
