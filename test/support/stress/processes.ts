// The processes below one, from /proc: how old each is, and how much processor time its threads have had.
import { readdirSync, readFileSync } from 'node:fs'

export interface Process {
  pid: number
  parent: number
  /** Seconds since the system started. */
  started: number
  /** Ticks of all its threads. */
  cpu: number
}

/** In a second: USER_HZ. */
export const TICKS = 100

function read(pid: number): Process | undefined {
  try {
    // Fields after the command name, which may hold spaces: 0 state, 1 parent, 11 user, 12 system, 19 start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')
    if (fields[0] === 'Z') return undefined // it has ended, and its parent has not asked yet
    const [parent, user, system, start] = [1, 11, 12, 19].map((at) => Number(fields[at])) as [
      number,
      number,
      number,
      number,
    ]
    return { pid, parent, started: start / TICKS, cpu: user + system }
  } catch {
    return undefined
  }
}

export const uptime = (): number => Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])

/** All that live below `root`, children before their own children. */
export function below(root: number): Process[] {
  const all = readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .map(read)
    .filter((process) => process !== undefined)
  const found: Process[] = []
  for (const parents = [root]; parents.length > 0;) {
    const parent = parents.shift()!
    const children = all.filter((process) => process.parent === parent)
    found.push(...children)
    parents.push(...children.map(({ pid }) => pid))
  }
  return found
}

/** It and all below it. */
export const family = (pid: number): number[] => [pid, ...below(pid).map((process) => process.pid)]

function statesOf(pid: number): string[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    return tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1').split(') ').at(-1)![0]!)
  } catch {
    return []
  }
}

/** Whether any thread of it or of those below it runs, or would if it had a processor. */
export const isRunnable = (pid: number): boolean => family(pid).some((member) => statesOf(member).includes('R'))

/** Ticks of it and of all below it. */
export const cpuOf = (pid: number): number => family(pid).reduce((sum, member) => sum + (read(member)?.cpu ?? 0), 0)
