// What the threads of a process may do, as the kernel shows it, for cases about dropping it; and work that keeps libuv's pool busy.
import { pbkdf2 } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

const LINES = ['Uid', 'Gid', 'Groups', 'CapPrm', 'CapEff', 'NoNewPrivs']

const lineOf = (status: string, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)![1]!.replaceAll('\t', ' ')

/** Each combination of these lines of /proc/PID/task/TID/status once. */
export function taskRights(process: number | 'self' = 'self', lines: readonly string[] = LINES): string[] {
  const folder = `/proc/${process}/task`
  const all = readdirSync(folder).map((task) => {
    const status = readFileSync(`${folder}/${task}/status`, 'utf8')
    return lines.map((name) => lineOf(status, name)).join(' | ')
  })
  return [...new Set(all)]
}

/** What `taskRights` gives of a process that has become this user and nothing else. */
export const nothingBut = (user: number): string[] => {
  const ids = Array(4).fill(user).join(' ')
  return [`${ids} | ${ids} |  | ${'0'.repeat(16)} | ${'0'.repeat(16)} | 1`]
}

const running = (): number =>
  readdirSync('/proc/self/task').filter((task) => /\) R /.test(readFileSync(`/proc/self/task/${task}/stat`, 'utf8')))
    .length

/** Keeps threads of libuv's pool computing until it is told to end. Resolves when at least two are at it. */
export async function busyPool(): Promise<{ end(): Promise<void> }> {
  let on = true
  const lane = (): Promise<void> =>
    new Promise((resolve) => {
      const again = (): void => void pbkdf2('a', 'b', 200_000, 64, 'sha512', () => (on ? again() : resolve()))
      again()
    })
  const lanes = Array.from({ length: 4 }, lane)
  while (running() < 3) await new Promise((resolve) => setImmediate(resolve))
  const end = async (): Promise<void> => {
    on = false
    await Promise.all(lanes)
  }
  return { end }
}
