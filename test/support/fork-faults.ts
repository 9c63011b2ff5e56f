// npm run faults [-- form ...]: every system call that a fork makes fails once, the first, the second and the fifth time, in every form of
// fork. Prints each end; exits with 1 where something hung, was left behind or did not work afterwards. Some minutes.
import { fileURLToPath } from 'node:url'
import { endOf } from './run-fixture.js'

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

async function tryOne(form: string, call: string): Promise<boolean> {
  const { report, stdout, stderr, left } = await endOf('fork-faults', form, {
    args: [faultsOf(call).join()],
    timeout: 60_000,
  })
  const {
    wrong = { nothing: stdout },
    ends,
    foreign,
  } = (report?.result ?? {}) as Record<string, Record<string, unknown>>
  const well =
    Object.keys(wrong).length === 0 && Number(foreign) === 0 && left.length === 0 && report?.leaks.length === 0
  console.log(
    well ? 'well ' : 'WRONG',
    form,
    JSON.stringify(ends),
    well ? '' : JSON.stringify({ wrong, foreign, left }),
    well ? '' : stderr,
  )
  return well
}

async function tryAll(chosen: readonly string[]): Promise<void> {
  for (const form of chosen)
    for (const call of calls)
      if (!(await tryOne(form, call).catch((error: Error) => console.log('WRONG', form, call, error.message))))
        process.exitCode = 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await tryAll(process.argv[2] ? process.argv.slice(2) : forms)
