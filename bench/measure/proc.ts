// What the kernel says about a session of processes: who is in it, the CPU time it has used, the memory it holds; and about the
// machine. See: man 5 proc
import { readdirSync, readFileSync } from 'node:fs'

/** Ticks a second of the times in /proc/PID/stat: fixed for user space on x64 and arm64. */
const TICKS = 100

interface Stat {
  /** Whether it has ended, and nobody has waited for it yet. */
  zombie: boolean
  session: number
  /** User and system time of its threads, those that ended too, in seconds: two counts of whole ticks, rounded down. */
  own: number
  /** The same of its children that were waited for. */
  children: number
}

function statOf(pid: number): Stat | undefined {
  const line = read(`/proc/${pid}/stat`)
  // After the command name, which may hold spaces: state, ppid, pgrp, session; utime is the 12th, then stime, cutime, cstime.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number)
  if (cstime === undefined) return undefined // gone meanwhile
  const session = Number(fields[3])
  return { zombie: fields[0] === 'Z', session, own: (utime! + stime!) / TICKS, children: (cutime! + cstime) / TICKS }
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

/** Those of them that have not ended: an orphan's zombie is init's to wait for, which may take its time. */
export function livingPids(session: number): number[] {
  return members(session).flatMap(({ pid, zombie }) => (zombie ? [] : [pid]))
}

/** CPU seconds of this process's own children that were waited for: a difference is what one of them used. */
export const childrenUsage = (): number => statOf(process.pid)!.children

/** CPU seconds, user and system, of all processes of a session and of their children that were waited for. */
export function sessionCpu(session: number): number {
  return members(session).reduce((sum, { pid, own, children }) => sum + Math.max(own, scheduled(pid)) + children, 0)
}

/** What the processes of a session hold together. Memory is in bytes. */
export interface Holdings {
  processes: number
  threads: number
  /** Pages in memory; what processes share is counted in each. */
  resident: number
  /** Pages that no other process has. */
  private: number
  /** Memory of its own (no file's), each page counted once however many of its processes share it. */
  own: number
  /** The largest that `resident` has been of each. */
  peak: number
}

const KIB = 1024

// The sum of the lines "Name:   123 kB" whose name matches.
function sumOf(text: string, name: string): number {
  return [...text.matchAll(new RegExp(`^${name}:\\s+(\\d+)`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0)
}

export function sessionHoldings(session: number): Holdings {
  const holdings = { processes: 0, threads: 0, resident: 0, private: 0, own: 0, peak: 0 }
  for (const { pid } of members(session)) {
    const status = read(`/proc/${pid}/status`)
    const resident = sumOf(status, 'VmRSS') * KIB
    if (resident === 0) continue // a zombie, or gone meanwhile
    holdings.processes++
    holdings.threads += sumOf(status, 'Threads')
    holdings.resident += resident
    holdings.peak += sumOf(status, 'VmHWM') * KIB
    const pages = read(`/proc/${pid}/smaps_rollup`)
    holdings.private += sumOf(pages, 'Private_(?:Clean|Dirty)') * KIB
    holdings.own += sumOf(pages, 'Pss_(?:Anon|Shmem)') * KIB
  }
  return holdings
}

/** What the whole machine has done since it was started. */
export interface MachineUse {
  /** CPU seconds of all cores, idle ones too. */
  total: number
  busy: number
  /** Seconds that a hypervisor gave to others. */
  stolen: number
  /** How often a core went from one thread to another. */
  switches: number
  /** Processes and threads made. */
  created: number
}

export function machineUse(): MachineUse {
  const text = read('/proc/stat')
  const times = /^cpu +(.*)$/m
    .exec(text)![1]!
    .split(' ')
    .map((ticks) => Number(ticks) / TICKS)
  const [user, nice, system, idle, wait, interrupts, soft, stolen = 0] = times as [number, ...number[]]
  const busy = user + nice! + system! + interrupts! + soft!
  return {
    total: busy + idle! + wait! + stolen,
    busy,
    stolen,
    switches: Number(/^ctxt (\d+)$/m.exec(text)?.[1]),
    created: Number(/^processes (\d+)$/m.exec(text)?.[1]),
  }
}
