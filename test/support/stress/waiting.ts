// The ways in which a parent waits for several children: each gives the status of every child, in the children's order.
import { setImmediate as turn } from 'node:timers/promises'
import { waitpid, waitpidAsync, WNOHANG } from 'posix-async/posix'
import { shuffled, type Random } from './random.js'

type Wait = (pids: number[], random: Random) => Promise<number[]> | number[]

// Calls `wait` for each child in another order than that of the children.
function inOrder(order: number[], pids: number[], wait: (pid: number) => number): number[] {
  const found = new Map(order.map((pid) => [pid, wait(pid)]))
  return pids.map((pid) => found.get(pid)!)
}

const blocking = (pid: number): number => waitpid(pid).status

async function polled(pids: number[]): Promise<number[]> {
  const found = new Map<number, number>()
  while (found.size < pids.length) {
    for (const pid of pids) {
      if (found.has(pid)) continue
      const ended = waitpid(pid, WNOHANG)
      if (ended.pid === pid) found.set(pid, ended.status)
    }
    await turn()
  }
  return pids.map((pid) => found.get(pid)!)
}

export const waits: Record<string, Wait> = {
  together: (pids) => Promise.all(pids.map(async (pid) => (await waitpidAsync(pid)).status)),
  backwards: (pids) => inOrder([...pids].reverse(), pids, blocking),
  odd: (pids, random) => inOrder(shuffled(random, pids), pids, blocking),
  polled,
}

export const waitNames = Object.keys(waits)
