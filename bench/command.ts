// The verbs that this package adds to the posix-async command.
import type { Command } from 'commander'
import { addCompare } from './cli/compare.js'
import { addLoad } from './cli/load.js'

/** Adds compare and load. */
export function addVerbs(program: Command): void {
  addCompare(program)
  addLoad(program)
}
