// Test programs under valgrind, where that is installed and no sanitizer is loaded: a report of its is a failure. To be run in the
// repository's root.
import { spawnSync } from 'node:child_process'

export const hasValgrind = !process.env['LD_PRELOAD'] && spawnSync('valgrind', ['--version']).status === 0

const valgrind = [
  'valgrind',
  '-q',
  '--error-exitcode=1',
  '--fair-sched=try',
  '--suppressions=test/support/valgrind.supp',
] as const

/** The command to put before a C++ program whose threads are to be checked. */
export const helgrind = [...valgrind, '--tool=helgrind'] as const

/** The command to put before node, whose code changes while it runs. */
export const memcheck = [...valgrind, '--tool=memcheck', '--smc-check=all-non-file', '--error-limit=no'] as const
