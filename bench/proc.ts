// What the kernel says about a session of processes: who is in it, and the CPU time it has used. See: man 5 proc
import { readdirSync, readFileSync } from 'node:fs'

/** Ticks a second of the times in /proc/PID/stat: fixed for user space on x64 and arm64. */
const TICKS = 100

interface Stat {
  session: number
  /** User and system time of its threads, those that ended too, in seconds: two counts of whole ticks, rounded down. */
  own: number
  /** The same of its children that were waited for. */
  children: number
}

function statOf(pid: number): Stat | undefined {
  const line = read(`/proc/${pid}/stat`)
  // After the command name, which may hold spaces: state, ppid, pgrp, session; utime is the 12th, then stime, cutime, cstime.
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [utime, stime, cutime, cstime] = fields.slice(11, 15)
  if (cstime === undefined) return undefined // gone meanwhile
  return { session: fields[3]!, own: (utime! + stime!) / TICKS, children: (cutime! + cstime) / TICKS }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

// To the nanosecond, but of living threads only. With what is rounded down as well, the larger of the two is nearer.
function scheduled(pid: number): number {
  const tasks = list(`/proc/${pid}/task`)
  return tasks.reduce((sum, task) => sum + Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]), 0) / 1e9
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function members(session: number): (Stat & { pid: number })[] {
  return list('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined
    return stat?.session === session ? [{ pid: Number(name), ...stat }] : []
  })
}

/** The processes of a session, zombies included. */
export function sessionPids(session: number): number[] {
  return members(session).map(({ pid }) => pid)
}

/** CPU seconds, user and system, of all processes of a session and of their children that were waited for. */
export function sessionCpu(session: number): number {
  return members(session).reduce((sum, { pid, own, children }) => sum + Math.max(own, scheduled(pid)) + children, 0)
}
