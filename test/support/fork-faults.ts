// npm run faults [-- form ...]: every system call that a fork makes fails once, the first, the second and the fifth time, in every form of
// fork. Prints each end; exits with 1 where something hung, was left behind or did not work afterwards. Some minutes.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const forms = ['fork', 'forked', 'checkpoint', 'forkServer', 'prefork'] as const

/** As strace has them, each the first, the second and the fifth time. */
export const faultsOf = (fault: string): string[] => [1, 2, 5].map((when) => `${fault}:${when}`)

// Not those without which libuv or V8 end the process: close, epoll_ctl, epoll_pwait, futex, mmap, mprotect, munmap, read, write; nor
// waitid, whose ECHILD says that another part of the program has reaped the child.
const calls = [
  ...['accept4:EMFILE', 'bind:EADDRINUSE', 'clone:EAGAIN', 'dup3:EMFILE', 'epoll_create1:EMFILE'],
  ...['eventfd2:EMFILE', 'fcntl:EINVAL', 'fstat:EBADF', 'getdents64:ENOMEM', 'getrandom:ENOSYS', 'getsockname:ENOBUFS'],
  ...[
    'get_robust_list:EPERM',
    'kill:EPERM',
    'listen:EADDRINUSE',
    'madvise:EPERM',
    'newfstatat:ENOENT',
    'openat:EMFILE',
  ],
  ...['pidfd_open:EMFILE', 'pidfd_send_signal:EPERM', 'pipe2:EMFILE', 'prctl:EINVAL', 'prlimit64:EPERM'],
  ...['process_vm_readv:EPERM', 'readlink:ENOENT', 'recvfrom:ENOBUFS', 'recvmsg:ENOBUFS', 'rt_sigaction:EINVAL'],
  ...[
    'rt_tgsigqueueinfo:EAGAIN',
    'rt_tgsigqueueinfo:EPERM',
    'rt_tgsigqueueinfo:ESRCH',
    'sendmsg:ENOBUFS',
    'sendto:ENOBUFS',
  ],
  ...['setsockopt:ENOPROTOOPT', 'set_robust_list:EINVAL', 'socket:EMFILE', 'socketpair:EMFILE', 'tgkill:ESRCH'],
]

// Compiled, it lies beside the fixture.
const fixture = fileURLToPath(new URL('../fixtures/fork-faults.js', import.meta.url))

function tryOne(form: string, call: string): boolean {
  const args = ['--expose-gc', fixture, form, faultsOf(call).join()]
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  const well = line.includes('"wrong":{},') && line.includes('"foreign":0}') && line.endsWith('"leaks":[]}')
  console.log(well ? 'well ' : 'WRONG', form, call, line, well ? '' : stderr)
  return well
}

function tryAll(chosen: readonly string[]): void {
  for (const form of chosen) for (const call of calls) if (!tryOne(form, call)) process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) tryAll(process.argv[2] ? process.argv.slice(2) : forms)
