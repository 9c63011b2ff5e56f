// What a random call must not do: end this process, stop it, wait for ever, or touch others. Each rule says how far a function may go; one that
// has none is called with anything.
import * as posix from 'posix-async/posix'

/** An argument that is made for one call, and belongs to what is called. */
export class Made {
  readonly make: () => unknown
  constructor(make: () => unknown) {
    this.make = make
  }
}

/** Takes an argument's place. */
type Choice = readonly unknown[]

export interface Rule {
  /** What these arguments are taken from; they are always given. */
  readonly only?: Readonly<Record<number, Choice>>
  /** The call is made in a forked child, because it changes the process for good. */
  readonly inChild?: boolean
  /** Gives two results, one of them in a child. */
  readonly forks?: boolean
}

const odd: Choice = [undefined, null, 'x', 1.5, NaN, 2 ** 53, {}, Symbol('odd'), 1n]
const moments: Choice = [0, 1, NaN, 'x', 1n, Symbol('soon'), {}]
const harmless: Choice = [0, 99, -1, ...odd] // signals: none, and none that there are
const own: Choice = [0, 2 ** 30, -1, ...odd] // processes: this one, and none
const sizes: Choice = [0, 1, 4096, -1, ...odd.slice(1)]
const names: Choice = ['fifo', '', 'a\0b', 5, null, Symbol('name')]
const targets: Choice = [900, 901, -1, 2 ** 31, ...odd] // descriptors that nothing lives on
const never: Choice = [5, null, 'x', {}, Symbol('set')] // sets of signals, none of which is one

const programs: Choice = ['/nowhere', '/', '', 'a\0b', Buffer.from([255]), 5, null, Symbol('program')]

// Streams close what they have.
const streamed: Choice = [
  new Made(() => posix.eventfd(0, posix.EFD_NONBLOCK)),
  new Made(() => posix.memfd_create('stream')),
  ...[1023, -1, ...odd],
]

const inChild: Rule = { inChild: true }

/** By the function's name; methods by `Class.method`. */
export const rules: Readonly<Record<string, Rule>> = {
  _exit: inChild,
  execve: { only: { 0: programs } },
  execv: { only: { 0: programs } },
  execvp: { only: { 0: programs } },
  execvpe: { only: { 0: programs } },
  fexecve: { only: { 0: [1023, -1, ...odd] } },
  posix_spawn: { only: { 0: programs } },
  posix_spawnp: { only: { 0: programs } },
  fork: { forks: true },
  forkpty: { forks: true },
  daemon: { inChild: true, only: { 0: [true], 1: [true] } },
  login_tty: inChild,
  kill: { only: { 1: harmless } },
  killpg: { only: { 1: harmless } },
  tgkill: { only: { 2: harmless } },
  raise: { only: { 0: harmless.slice(1) } },
  sigqueue: { only: { 1: harmless } },
  pidfd_send_signal: { only: { 1: harmless } },
  pthread_kill: { only: { 1: harmless } },
  timer_create: { inChild: true, only: { 1: [undefined, { signo: 99 }, { signo: 'SIGNONE' }, 5, null] } },
  alarm: { inChild: true, only: { 0: [0, ...odd] } },
  setitimer: { inChild: true, only: { 1: [{ value: 0 }, { value: -1 }, ...odd] } },
  signal: inChild,
  sigaction: inChild,
  siginterrupt: inChild,
  sigprocmask: inChild,
  pthread_sigmask: inChild,
  sigsuspend: { only: { 0: never } },
  sigwaitinfo: { only: { 0: never } },
  sigtimedwait: { only: { 1: moments } },
  setpgid: { inChild: true, only: { 0: own } },
  setsid: inChild,
  setpriority: { inChild: true, only: { 0: [0, 99, ...odd], 1: own } },
  sched_setscheduler: { inChild: true, only: { 0: own } },
  sched_setaffinity: { inChild: true, only: { 0: own } },
  prlimit: { inChild: true, only: { 0: own } },
  setrlimit: inChild,
  prctl: inChild,
  unshare: inChild,
  setns: inChild,
  setuid: inChild,
  seteuid: inChild,
  setresuid: inChild,
  setgid: inChild,
  setegid: inChild,
  setresgid: inChild,
  setgroups: inChild,
  tcsetpgrp: inChild,
  umask: inChild,
  pthread_atfork: inChild,
  poll: { only: { 1: moments } },
  ppoll: { only: { 1: moments } },
  select: { only: { 3: moments } },
  pselect: { only: { 3: moments } },
  epoll_wait: { only: { 2: moments } },
  epoll_pwait2: { only: { 2: moments } },
  aio_suspend: { only: { 1: moments } },
  clock_nanosleep: { only: { 2: moments.slice(0, -1).concat(-1) } },
  dup2: { only: { 1: targets } },
  dup3: { only: { 1: targets } },
  close: { only: { 0: targets } },
  fallocate: { only: { 2: sizes, 3: sizes } },
  ftruncate: { only: { 1: sizes } },
  copy_file_range: { only: { 4: sizes } },
  sendfile: { only: { 3: sizes } },
  sendfileAsync: { only: { 3: sizes } },
  mkfifo: { only: { 0: names } },
  mkfifoat: { only: { 1: names } },
  mknod: { only: { 0: names } },
  mknodat: { only: { 1: names } },
  mmap: { only: { 1: sizes } },
  posix_memalign: { only: { 1: sizes } },
  FdStream: { only: { 0: streamed } },
  'Ring.close': { only: { 0: targets } },
  'SelectSelector.select': { only: { 0: moments } },
  'PollSelector.select': { only: { 0: moments } },
  'EpollSelector.select': { only: { 0: moments } },
}

/** Made by a Ring, or the base of others: arguments of theirs are the library's own. */
export const madeElsewhere: ReadonlySet<string> = new Set([
  'BaseSelector',
  'BufferGroup',
  'FixedFile',
  'Multishot',
  'Statx',
])

/** What a selector calls of its back end; of no use from outside. */
export const backEnds: ReadonlySet<string> = new Set(['added', 'modified', 'removed', 'wait', 'waitAsync'])

/** Descriptors to call with: none that waits, and one that is closed. The caller closes them. */
export function openPool(): number[] {
  const [r, w] = posix.pipe2(posix.O_NONBLOCK | posix.O_CLOEXEC)
  const [a, b] = posix.socketpair(posix.AF_UNIX, posix.SOCK_STREAM | posix.SOCK_NONBLOCK)
  const udp = posix.socket(posix.AF_INET, posix.SOCK_DGRAM | posix.SOCK_NONBLOCK)
  const events = posix.eventfd(1, posix.EFD_NONBLOCK)
  const timer = posix.timerfd_create(posix.CLOCK_MONOTONIC, posix.TFD_NONBLOCK)
  const watches = posix.inotify_init1(posix.IN_NONBLOCK)
  return [r, w, a, b, udp, events, timer, watches, posix.memfd_create('pool'), posix.epoll_create1()]
}
