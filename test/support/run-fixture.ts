// Runs a program of test/fixtures in a session of its own and judges it from outside: it must end in time, print one report,
// leave no descriptor, thread or child behind, and leave nobody running in its session.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Report } from './cases.js'
import { stacks } from './stacks.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

// A sanitizer that is preloaded takes its time, and valgrind as POSIX_ASYNC_NODE even more.
const PATIENCE = Number(process.env['POSIX_ASYNC_PATIENCE'] ?? (process.env['LD_PRELOAD'] ? 3 : 1))

export interface FixtureOptions {
  /** Command line options of node. */
  nodeArgs?: string[]
  /** A command to run node under: ['strace', '-o', file], ['taskset', '-c', '0']. */
  under?: string[]
  env?: Record<string, string>
  /** Hard limit in milliseconds (default 10000); the whole session is killed at it and its stacks go into the failure. */
  timeout?: number
  /** Arguments after the case's name. */
  args?: string[]
}

export interface FixtureEnd {
  report: Report | undefined
  stdout: string
  stderr: string
  code: number | null
  signal: NodeJS.Signals | null
  /** Processes of the session that were still there when the program had ended: pid and state. */
  left: string[]
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

// Fields after the command name, which may hold spaces: state, ppid, pgrp, session.
function stat(pid: number): { state: string; session: number } | undefined {
  const [state, , , session] = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return state && session ? { state, session: Number(session) } : undefined
}

function sessionMembers(session: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => stat(pid)?.session === session)
}

function killSession(session: number): void {
  for (const pid of sessionMembers(session)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // gone meanwhile
    }
  }
}

/** Runs case `name` of test/fixtures/<program>.ts to its end, whatever that is. */
export function endOf(program: string, name = '', options: FixtureOptions = {}): Promise<FixtureEnd> {
  const { nodeArgs = [], under = [], env = {}, args = [] } = options
  const timeout = (options.timeout ?? 10_000) * PATIENCE
  const node = process.env['POSIX_ASYNC_NODE'] ?? process.execPath
  const file = `${root}dist/test/fixtures/${program}.js`
  const [command, ...rest] = [...under, node, '--expose-gc', ...nodeArgs, file, name, ...args]
  return new Promise((resolve, reject) => {
    const child = spawn(command!, rest, {
      detached: true, // setsid: a session of its own
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk))
    const session = child.pid!
    const timer = setTimeout(() => {
      const seen = sessionMembers(session)
        .map((pid) => stacks(pid))
        .join('\n')
      killSession(session)
      reject(new Error(`${program} ${name} did not end within ${timeout} ms\n${stdout}\n${stderr}\n${seen}`))
    }, timeout)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('exit', () => {
      // Whoever still lives now was left running; its copy of our pipes would also keep `close` from coming.
      clearTimeout(timer)
      const left = sessionMembers(session).map(
        (pid) => `${pid} ${stat(pid)?.state} ${read(`/proc/${pid}/comm`).trim()}`,
      )
      killSession(session)
      child.once('close', (code, signal) => {
        const line = stdout.trimEnd().split('\n').at(-1) ?? ''
        const report = line.startsWith('{') ? (JSON.parse(line) as Report) : undefined
        resolve({ report, stdout, stderr, code, signal, left })
      })
    })
  })
}

/** Runs a case, asserts that it ended well and left nothing, and gives its result. */
export async function runFixture<T>(program: string, name = '', options: FixtureOptions = {}): Promise<T> {
  const end = await endOf(program, name, options)
  const fail = (why: string): never => {
    throw new Error(`${program} ${name}: ${why}\nstdout: ${end.stdout}\nstderr: ${end.stderr}`)
  }
  if (!end.report) return fail(`no report; code ${end.code}, signal ${end.signal}`)
  if (end.report.error) return fail(`${end.report.error.stack ?? end.report.error.message}`)
  if (end.code !== 0) return fail(`code ${end.code}, signal ${end.signal}`)
  if (end.report.leaks.length > 0) return fail(`left behind: ${end.report.leaks.join('; ')}`)
  if (end.left.length > 0) return fail(`still running in its session: ${end.left.join('; ')}`)
  return end.report.result as T
}
