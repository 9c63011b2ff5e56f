// sys/wait.h, from outside: what is said of children is checked in programs of their own (test/fixtures/children.ts).
import { describe, expect, it } from 'vitest'
import * as posix from '../../lib/posix/sys-wait.js'

const macros = (status: number) => ({
  exited: posix.WIFEXITED(status) && posix.WEXITSTATUS(status),
  signaled: posix.WIFSIGNALED(status) && posix.WTERMSIG(status),
  core: posix.WIFSIGNALED(status) && posix.WCOREDUMP(status),
  stopped: posix.WIFSTOPPED(status) && posix.WSTOPSIG(status),
  continued: posix.WIFCONTINUED(status),
})

const nothing = { exited: false, signaled: false, core: false, stopped: false, continued: false }

describe('the macros of wait status', () => {
  it.each([
    ['_exit(0)', 0x0000, { exited: 0 }],
    ['_exit(1)', 0x0100, { exited: 1 }],
    ['_exit(42)', 10752, { exited: 42 }],
    ['_exit(255)', 0xff00, { exited: 255 }],
    ['SIGTERM', 0x000f, { signaled: 15 }],
    ['SIGKILL', 0x0009, { signaled: 9 }],
    ['SIGSEGV with a core dump', 0x008b, { signaled: 11, core: true }],
    ['SIGRTMAX', 0x0040, { signaled: 64 }],
    ['stopped by SIGSTOP', 0x137f, { stopped: 19 }],
    ['stopped by SIGTTOU', 0x167f, { stopped: 22 }],
    ['continued', 0xffff, { continued: true }],
  ])('%s', (_, status, expected) => {
    expect(macros(status)).toEqual({ ...nothing, ...expected })
  })
})
