// Faults that strace(1) puts into system calls, for fixtures that run under it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why nothing can be traced here; undefined where it can. */
export const cannotTrace = ((): string | undefined => {
  const { status, error, stderr } = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true'], { encoding: 'utf8' })
  if (error) return 'strace is not installed'
  return status === 0 ? undefined : `strace cannot trace here: ${stderr.trim()}`
})()

/** Runs `body` with the command to run a program under; gives what that gave, and how many faults the program met. */
export async function withFaults<T>(
  syscalls: string,
  fault: string,
  body: (under: string[]) => Promise<T>,
): Promise<{ result: T; faults: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
  const log = join(folder, 'log')
  try {
    const result = await body([
      ...['strace', '-f', '-qq', '-o', log],
      ...['-e', `trace=${syscalls}`, '-e', `inject=${syscalls}:${fault}`],
    ])
    const faults = readFileSync(log, 'utf8').split('(INJECTED)').length - 1
    return { result, faults }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
