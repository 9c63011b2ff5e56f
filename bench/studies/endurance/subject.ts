// A server under endurance, as a process of its own: started, asked what it holds, watched for its peak, stopped.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { programFile } from '../../measure/paths.js'
import type { Held } from './server.js'

/** Callbacks; `(conn) => ...` with `for await`, or with one buffer for all that it reads. */
export type HandlerKind = 'callbacks' | 'function' | 'view'

export interface Kind {
  backend: string
  handler: HandlerKind
  work: 'echo' | 'upload'
}

export class Subject {
  readonly #child: ChildProcess
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** Rejects where it can't listen. */
  static async start({ backend, handler, work }: Kind): Promise<Subject> {
    const file = programFile('studies/endurance/server')
    const child = fork(file, [backend, handler, work], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let complaint = ''
    child.stderr!.on('data', (chunk: Buffer) => (complaint += chunk))
    try {
      return new Subject(child, (await nextMessage(child)) as number)
    } catch (error) {
      throw new Error(complaint.trim() || (error as Error).message, { cause: error })
    }
  }

  /** What it holds after a full collection. Rejects where it has ended. */
  async held(): Promise<Held> {
    const answer = nextMessage(this.#child)
    this.#child.send('held')
    return (await answer) as Held
  }

  /** What it holds when all connections have ended; or after five seconds, whatever there is then. */
  async settled(): Promise<Held> {
    for (const deadline = performance.now() + 5000; ; await pause(50)) {
      const held = await this.held()
      if (held.active === 0 || performance.now() > deadline) return held
    }
  }

  /** From now on, `peak` is of what comes. See: man 5 proc, clear_refs */
  resetPeak(): void {
    writeFileSync(`/proc/${this.#child.pid}/clear_refs`, '5')
  }

  /** The most memory that it had at once, in bytes. */
  peak(): number {
    return 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1])
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const over = once(this.#child, 'exit')
    this.#child.disconnect()
    await over
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ending = new AbortController()
  const { signal } = ending
  const exit = once(child, 'exit', { signal }).then(([code, killer]) => {
    throw new Error(`the server ended with ${killer ?? `code ${code}`}`)
  })
  exit.catch(() => {})
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), exit])
    return message as unknown
  } finally {
    ending.abort()
  }
}
