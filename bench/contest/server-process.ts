// A contestant's server as a process of its own, in a session of its own: started, watched, stopped, and seen to be gone.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type Holdings, livingPids, sessionCpu, sessionHoldings, sessionPids } from '../measure/proc.js'

/** What to run: it prints its port as the first line of standard output when it listens, or serves on `port`. */
export interface Command {
  file: string
  args: readonly string[]
  port?: number
}

const START_TIMEOUT = 10_000
const STOP_TIMEOUT = 3_000

export class ServerProcess {
  readonly #child: ChildProcess
  readonly port: number
  readonly pid: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.pid = child.pid!
    this.port = port
  }

  /** Starts a server and waits until it listens. Rejects with what it said where it can't. */
  static async start({ file, args, port }: Command): Promise<ServerProcess> {
    // Standard input stays open for as long as this process lives: the JavaScript servers end with it.
    const child = spawn(file, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin!.on('error', () => {})
    try {
      return new ServerProcess(child, port === undefined ? await listening(child) : await answering(child, port))
    } catch (error) {
      if (child.pid !== undefined) await end(child)
      throw error
    }
  }

  /** CPU seconds so far, of the server and of all the processes it made. */
  cpu(): number {
    return sessionCpu(this.pid)
  }

  /** What its processes hold now: how many they are, their threads, their memory. */
  holdings(): Holdings {
    return sessionHoldings(this.pid)
  }

  /** How many processes the server is at this moment. */
  get size(): number {
    return sessionPids(this.pid).length
  }

  /** Waits until the server is no more than `size` processes, but no longer than `timeout` milliseconds. */
  async settle(size: number, timeout = 500): Promise<void> {
    const deadline = performance.now() + timeout
    while (this.size > size && performance.now() < deadline) await pause(2)
  }

  /** Stops the server, by force where it does not stop when told, and makes sure that nothing of it is left. */
  async stop(): Promise<void> {
    await end(this.#child)
  }
}

function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = ''
    let complaint = ''
    const timer = setTimeout(() => reject(new Error(`did not listen within ${START_TIMEOUT} ms`)), START_TIMEOUT)
    child.stderr!.on('data', (chunk: Buffer) => (complaint = (complaint + chunk).slice(-4096)))
    child.stdout!.on('data', (chunk: Buffer) => {
      said += chunk
      const port = /^(\d+)\n/.exec(said)?.[1]
      if (port === undefined) return
      clearTimeout(timer)
      resolve(Number(port))
    })
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(reasonIn(complaint) ?? `ended with ${signal ?? `code ${code}`} before it listened`))
    })
  })
}

// Whether somebody accepts connections there now.
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

// A server that does not say when it listens: it is asked until it does.
async function answering(child: ChildProcess, port: number): Promise<number> {
  let complaint = ''
  child.stderr!.on('data', (chunk: Buffer) => (complaint = (complaint + chunk).slice(-4096)))
  child.stdout!.resume()
  for (const deadline = performance.now() + START_TIMEOUT; performance.now() < deadline; await pause(10)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(
        reasonIn(complaint) ?? `ended with ${child.signalCode ?? `code ${child.exitCode}`} before it listened`,
      )
    }
    if (await answers(port)) return port
  }
  throw new Error(`did not listen on port ${port} within ${START_TIMEOUT} ms`)
}

// The line of a stack trace that says what was wrong, or the last line of anything else.
function reasonIn(complaint: string): string | undefined {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '')
  const found = lines.find((line) => /^(?:\w*Error|E[A-Z]+)\b.*:/.test(line)) ?? lines.at(-1)
  return found?.replace(/^\w*Error: /, '')
}

async function end(child: ChildProcess): Promise<void> {
  const session = child.pid!
  const over = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
  if (over) {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT)
    await over
    clearTimeout(timer)
  }
  await sweep(session)
  child.stdin?.destroy()
  child.stdout?.destroy()
  child.stderr?.destroy()
}

// Children that outlived their server: given a moment to see that their client is gone, then killed.
async function sweep(session: number): Promise<void> {
  const deadline = performance.now() + STOP_TIMEOUT
  for (let patience = performance.now() + 300; ; await pause(5)) {
    const left = livingPids(session)
    if (left.length === 0) return
    if (performance.now() > deadline) throw new Error(`processes ${left.join(', ')} of the server can't be ended`)
    if (performance.now() < patience) continue
    for (const pid of left) kill(pid)
    patience = Infinity
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone meanwhile
  }
}
