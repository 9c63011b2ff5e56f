// What every thread of a process is at: from /proc, and by gdb.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const FILES = ['comm', 'wchan', 'syscall', 'stat', 'schedstat']

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

export interface StackOptions {
  /** Frames of each thread (default 12). */
  frames?: number
  /** Milliseconds for gdb (default 8000). */
  timeout?: number
}

/** As text; what is gone meanwhile, or may not be looked at, is left out. */
export function stacks(pid: number, { frames = 12, timeout = 8000 }: StackOptions = {}): string {
  const tasks = tasksOf(pid).map((task) =>
    [`  ${task}`, ...FILES.map((name) => `${name} ${read(`/proc/${pid}/task/${task}/${name}`)}`)].join('; '),
  )
  const command = ['-batch', '-p', String(pid), '-ex', `thread apply all bt ${frames}`]
  const gdb = spawnSync('gdb', command, { encoding: 'utf8', timeout })
  return [`process ${pid}`, ...tasks, gdb.stdout ?? ''].join('\n')
}
