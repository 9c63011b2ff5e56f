// strace(1) attached to a running process, so that faults meet what a case does and not the runtime's own start. One thread only.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './clients.js'

const traced = (pid: number): boolean => /TracerPid:\s+[1-9]/.test(readFileSync(`/proc/${pid}/status`, 'utf8'))

/**
 * Runs `body` while the main thread of `pid` is traced with the expressions given; gives the lines that strace wrote.
 * The runtime's own calls are traced too.
 */
export async function traceWhile(pid: number, expressions: string[], body: () => Promise<void>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-strace-'))
  const log = join(folder, 'log')
  const args = ['-qq', '-o', log, ...expressions.flatMap((expression) => ['-e', expression]), '-p', String(pid)]
  const strace = spawn('strace', args, { stdio: 'ignore' })
  const closed = once(strace, 'close')
  try {
    await until(() => traced(pid))
    await body()
  } finally {
    strace.kill('SIGINT')
    await closed
  }
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  rmSync(folder, { recursive: true })
  return lines
}
