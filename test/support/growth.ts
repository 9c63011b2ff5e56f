// How much a process grows by what it does, read from the kernel.
import { readFileSync } from 'node:fs'

/** A field of /proc/self/status, in bytes: VmRSS is what lies in memory, VmSize all that is mapped. */
export function memory(field: 'VmRSS' | 'VmSize'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024
}

// What is in use: the room that the collector has taken and may fill is left out.
function inUse(): number {
  globalThis.gc!()
  const { heapTotal, heapUsed } = process.memoryUsage()
  return memory('VmRSS') - heapTotal + heapUsed
}

// By how many bytes the process grows each time that `work` is done, the least first.
async function growths(rounds: number, work: () => unknown): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < rounds; i++) {
    const before = inUse()
    await work()
    all.push(inUse() - before)
  }
  return all.sort((a, b) => a - b)
}

/** By how many bytes the process grows when `work` is done: the median of `rounds` times, for memory settles by leaps. */
export async function medianGrowth(rounds: number, work: () => unknown): Promise<number> {
  return (await growths(rounds, work))[Math.floor(rounds / 2)]!
}

/** By how many bytes the process grows when `work` is done: the least of `rounds` times, for what leaks does so each time. */
export async function leastGrowth(rounds: number, work: () => unknown): Promise<number> {
  return (await growths(rounds, work))[0]!
}
