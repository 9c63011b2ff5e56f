// Runs a C++ test program under valgrind's helgrind, where that is installed.
import { spawnSync } from 'node:child_process'

export const hasValgrind = spawnSync('valgrind', ['--version']).status === 0

/** The command to put before the program: a report of helgrind is a failure. To be run in the repository's root. */
export const helgrind = [
  ...['valgrind', '--tool=helgrind', '-q', '--error-exitcode=1', '--fair-sched=try'],
  '--suppressions=test/support/helgrind.supp',
] as const
