// Runs the posix-async command as a user does, from the compiled program, and waits for its end or for a line it prints.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const program = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))

export interface End {
  code: number
  stdout: string
  stderr: string
}

export interface CommandOptions {
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** A command to run it under: ['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh']. */
  under?: readonly string[]
}

/** Runs `posix-async ...args` to its end, which must come within 60 seconds. */
export function command(args: readonly string[], options: CommandOptions = {}): Promise<End> {
  const { env = process.env, cwd, under = [] } = options
  const [file, ...rest] = [...under, process.execPath, program, ...args]
  return new Promise((resolve, reject) => {
    execFile(file!, rest, { env: { ...env, NO_COLOR: '1' }, cwd, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error)
      else resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

/** A process that goes on, with what it has said so far. */
export class Running implements AsyncDisposable {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #ended: Promise<unknown>

  constructor(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a session of its own: no terminal controls it, wherever the tests are run
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
    this.child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk))
    this.child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk))
    this.#ended = once(this.child, 'close')
  }

  /** Waits until it has said what `pattern` looks for, and gives the match. Rejects when it ends before. */
  async said(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this[stream])
      if (match) return match
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`it ended without ${pattern}: ${this.stdout}${this.stderr}`)
      }
      await Promise.race([once(this.child[stream]!, 'data'), this.#ended])
    }
  }

  /** Its exit code, or the signal that ended it. */
  async end(): Promise<number | NodeJS.Signals> {
    await this.#ended
    return this.child.exitCode ?? this.child.signalCode!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.#ended
  }
}
