// How often this process and its forebears have forked: what was begun at another time is the parent's, and goes on there. Internal.
import { shared } from '../../native.js'

const { own, listeners } = shared('fork-generation', () => ({ own: { count: 0 }, listeners: [] as (() => void)[] }))

/** A number that every child of a fork has anew, and its parent keeps. */
export function generation(): number {
  return own.count
}

/** In the child, before any other JavaScript of its own. */
export function beginGeneration(generation: { count: number } = own): void {
  generation.count++
}

/**
 * Calls `listener` in children of fork({ handles: 'keep' }), where those who wait are still there: they are told that what they wait for
 * is the parent's. In all other children nothing of the parent's runs, and nobody is told of anything.
 */
export function afterKeptFork(listener: () => void): void {
  listeners.push(listener)
}

/** In such a child. */
export function tellKept(): void {
  for (const listener of listeners) listener()
}
