// How much memory a process has to itself, and how much it shares with others. See: man 5 proc, smaps_rollup.
import { readFileSync } from 'node:fs'

/** Bytes that are resident. */
export interface ProcessMemory {
  private: number
  shared: number
}

const UNIT = 1024

/** Zeros for a process that has ended or that may not be looked at. */
export function processMemory(pid: number | 'self' = 'self'): ProcessMemory {
  const memory = { private: 0, shared: 0 }
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    for (const [, kind, size] of text.matchAll(/^(Private|Shared)_(?:Clean|Dirty): +(\d+) kB$/gm)) {
      memory[kind === 'Private' ? 'private' : 'shared'] += Number(size) * UNIT
    }
  } catch {
    // it has ended
  }
  return memory
}
