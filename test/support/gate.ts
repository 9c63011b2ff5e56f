// The leak gate: what a process holds (descriptors, threads, children), read from the kernel and compared.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Holdings {
  fds: string[]
  threads: number
  children: number[]
}

// A thread may end between the listing and the reading.
function childrenOf(pid: number, task: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
  } catch {
    return ''
  }
}

function ownChildren(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    childrenOf(pid, task).trim().split(' ').filter(Boolean).map(Number),
  )
}

function openFds(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [`${fd} -> ${readlinkSync(`/proc/${pid}/fd/${fd}`)}`]
    } catch {
      return [] // the descriptor of this very listing
    }
  })
}

// The kernel's own helpers of io_uring are among the tasks; they come and go as it likes.
function isThread(pid: number, task: string): boolean {
  try {
    return !readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').startsWith('iou-')
  } catch {
    return false
  }
}

const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).filter((task) => isThread(pid, task)).length

export function holdings(pid: number = process.pid): Holdings {
  return { fds: openFds(pid), threads: threadsOf(pid), children: ownChildren(pid) }
}

/** What `after` holds beyond `before`, in words; empty where nothing was left. */
export function leaks(before: Holdings, after: Holdings): string[] {
  const known = new Set(before.fds)
  const left = after.fds.length > before.fds.length ? after.fds.filter((fd) => !known.has(fd)) : []
  const words = left.map((fd) => `descriptor ${fd}`)
  if (after.threads > before.threads) words.push(`${after.threads - before.threads} threads`)
  const born = after.children.filter((pid) => !before.children.includes(pid))
  if (born.length > 0) words.push(`child processes ${born.join(', ')}`)
  return words
}
