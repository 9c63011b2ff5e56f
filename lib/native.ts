// The only file that loads the .node file, and the only typed list of natives.
// Every native is synchronous, runs on the calling thread, and gives a value or a negative errno (see errors.ts). Where memory and a place
// in it are given, the addon checks that the one lies in the other: ERR_OUT_OF_RANGE (native/arguments.h).
import { createRequire } from 'node:module'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { codedError } from './errors.js'
import { whyUnavailable } from './unavailable.js'

/** The name of a file: a string, or its bytes. */
export type PathName = string | Uint8Array

/** Anything whose bytes the kernel may read or fill. */
export type ByteView = ArrayBufferView | ArrayBuffer | SharedArrayBuffer

// native/aio.cc; operations: 0 read, 1 write, 2 fsync, 3 fdatasync
interface AioNatives {
  /** The descriptor that is readable while there are results; another one in the child of a fork. */
  aioEventFd(): number
  /** Another number for a descriptor, for a request of its own. */
  aioHold(fd: number): number
  aioLetGo(own: number): void
  /** `memory`: the token of pinned memory, of which `size` bytes from `start` are meant; undefined for a sync. */
  aioSubmit(
    id: number,
    operation: number,
    fd: number,
    memory: object | undefined,
    start: number,
    size: number,
    offset: number,
  ): number
  /** Whether it had not begun, and never will. */
  aioCancel(id: number): boolean
  /** Ids and results, in turn, of what is done since the last time. */
  aioTake(): number[]
}

// native/clock.cc; times are milliseconds with their fraction
interface ClockNatives {
  clock_getres(clock: number, time: Float64Array): number
  clock_nanosleep(clock: number, flags: number, time: number): number
  /** setitimer, or getitimer where it sets nothing; `old` takes value and interval. */
  itimer(which: number, sets: boolean, value: number, interval: number, old: Float64Array): number
  /** The timer. `signal` 0: none; `tid` 0: the process. */
  timer_create(clock: number, signal: number, value: number, tid: number): number
  timer_settime(id: number, flags: number, value: number, interval: number, old: Float64Array): number
  timer_gettime(id: number, setting: Float64Array): number
  timer_getoverrun(id: number): number
  timer_delete(id: number): number
}

// native/event_fd.cc; times are milliseconds with their fraction
interface EventFdNatives {
  eventfd(initial: number, flags: number): number
  timerfd_create(clock: number, flags: number): number
  /** `old` takes value and interval, as `setting` does. */
  timerfd_settime(fd: number, flags: number, value: number, interval: number, old: Float64Array): number
  timerfd_gettime(fd: number, setting: Float64Array): number
  signalfd(fd: number, mask: BigUint64Array, flags: number): number
  clock_gettime(clock: number, time: Float64Array): number
}

// native/epoll.cc; times in milliseconds, negative for ever
interface EpollNatives {
  epoll_create1(flags: number): number
  epoll_ctl(epfd: number, operation: number, fd: number, events: number, data: number): number
  epoll_wait(epfd: number, pairs: Float64Array, most: number, timeout: number): number
  epoll_pwait2(epfd: number, pairs: Float64Array, most: number, timeout: number, set: BigUint64Array): number
}

// native/loop/epoll_waits.cc: one wait each, on a thread of its own
interface EpollWaitsNatives {
  /** The descriptor that is readable when a wait is over; another one in the child of a fork. */
  epollWaitsTell(): number
  /** The number of a wait that begins. */
  epollWaitBegin(epfd: number, most: number): number
  /** How many events it has taken, in `pairs`: events and data of each; -EAGAIN while it waits. `stop` ends it. */
  epollWaitTake(id: number, stop: boolean, pairs: Float64Array): number
}

// native/fd.cc
interface FdNatives {
  open(path: PathName, flags: number, mode: number): number
  read(fd: number, buffer: ByteView, offset: number, length: number): number
  write(fd: number, buffer: ByteView, offset: number, length: number): number
  pread(fd: number, buffer: ByteView, offset: number, length: number, position: number): number
  pwrite(fd: number, buffer: ByteView, offset: number, length: number, position: number): number
  lseek(fd: number, offset: number, whence: number): number
  close(fd: number): number
  dup3(from: number, to: number, flags: number): number
  pipe2(pair: Int32Array, flags: number): number
  fcntl(fd: number, command: number, argument: number): number
  /** `lock` takes and gives type, whence, start, length, pid. */
  fcntl_lock(fd: number, command: number, lock: BigInt64Array): number
  fchmod(fd: number, mode: number): number
  fsync(fd: number): number
  ftruncate(fd: number, length: number): number
  unlink(path: PathName): number
  mkfifo(path: PathName, mode: number): number
  /** S_IFMT's bits of the file's mode. */
  file_type(fd: number): number
  umask(mask: number): number
  isatty(fd: number): number
  /** The descriptor is closed when this environment ends. */
  ownFd(fd: number): void
  /** It is not: it is closed now, or another's. */
  disownFd(fd: number): void
}

// native/file.cc
interface FileNatives {
  openat(dirfd: number, path: PathName, flags: number, mode: number): number
  mkfifoat(dirfd: number, path: PathName, mode: number): number
  mknodat(dirfd: number, path: PathName, mode: number, major: number, minor: number): number
  close_range(first: number, last: number, flags: number): number
  fdatasync(fd: number): number
  fallocate(fd: number, mode: number, offset: number, length: number): number
  posix_fadvise(fd: number, offset: number, length: number, advice: number): number
  flock(fd: number, operation: number): number
  lockf(fd: number, command: number, length: number): number
  /** `fields` takes what posix/sys-stat.ts has, in its order. */
  fstat(fd: number, fields: BigInt64Array): number
}

// native/handler.cc: one number stands for a native handler, another for one at work for a server
interface HandlerNatives {
  /** A built-in handler by its name; -ENOENT where there is none. */
  handlerFind(name: string): number
  /** The handler of a shared object; a string says why it could not be loaded. */
  handlerOpen(path: string): number | string
  /** 1: has the blocking form, 2: the event form (which every server can run), 3: both. */
  handlerForms(handler: number): number
  /** Calls the handler's `start`; gives the number of the handler at work. */
  handlerStart(handler: number): number
  /** Blocks until the connection ends; the descriptor stays open. */
  handlerServe(running: number, fd: number): number
  /** `counts` takes bytes in and bytes out, of forked children too. */
  handlerCounters(running: number, counts: Float64Array): number
  /** Gives up the number; the handler's `stop` runs when no connection uses it any more. */
  handlerStop(running: number): number
}

// native/inotify.cc
interface InotifyNatives {
  inotify_init1(flags: number): number
  inotify_add_watch(fd: number, path: PathName, mask: number): number
  inotify_rm_watch(fd: number, wd: number): number
}

// native/io_uring.cc; asynchronous: `batch` is called by the event loop. `words` is laid out in posix/ring-queue.ts
interface IoUringNatives {
  /** The ring, or a negative errno. */
  ringCreate(entries: number, completions: number, words: Int32Array, batch: (count: number) => void): object | number
  /** Hands over the first `count` entries; gives how many the kernel has not taken yet. */
  ringSubmit(handle: object, count: number): number
  ringClose(handle: object): void
  /** io_uring_register(2), with the token of pinned memory that begins with the argument, or undefined. */
  ringRegister(handle: object, operation: number, memory: object | undefined, count: number): number
  /** One byte an operation: whether the kernel has it. */
  ringProbe(handle: object, can: Uint8Array): number
}

// native/ioctl.cc
interface IoctlNatives {
  ioctl(fd: number, request: number, argument: number): number
  /** `memory` is what the request reads or fills, of its size. */
  ioctl_memory(fd: number, request: number, memory: ByteView): number
}

// native/memory.cc
interface MemoryNatives {
  /** The memory, or a negative errno. */
  mmap(length: number, protection: number, flags: number, fd: number): ArrayBuffer | number
  detach(buffer: ArrayBuffer): boolean
  /** A file in memory of a size that cannot change. */
  sealedMemfd(size: number): number
  memfd_create(name: PathName, flags: number): number
  /** Puts zeros of this process's own in the place of shared memory. */
  unshare(memory: ArrayBuffer): number
}

// native/no_wait.cc: read and write that give -EAGAIN rather than wait, whether or not the descriptor is O_NONBLOCK
interface NoWaitNatives {
  readNoWait(fd: number, buffer: ByteView, offset: number, length: number): number
  writeNoWait(fd: number, buffer: ByteView, offset: number, length: number): number
}

/** What allocatePinned gives: the memory is there for as long as the program holds the buffer's memory or the token. */
export interface PinnedParts {
  readonly buffer: ArrayBuffer
  readonly token: object
  readonly address: number
}

// native/pinned_memory.cc
interface PinnedMemoryNatives {
  /** Where it is, until it is detached or dropped. */
  addressOf(buffer: Uint8Array): number
  /** Where it is counted how many operations use memory of the heap's own. */
  countHeapUse(words: Int32Array): void
  /** Memory, or a negative errno. */
  allocatePinned(size: number, alignment: number, zeroed: boolean): PinnedParts | number
}

// native/poll.cc; `fds` as C's struct pollfd, two elements each
interface PollNatives {
  poll(fds: Int32Array, count: number, timeout: number): number
  ppoll(fds: Int32Array, count: number, timeout: number, set: BigUint64Array): number
}

// native/process.cc
interface ProcessNatives {
  /** `status` takes the wait status. */
  waitpid(pid: number, status: Int32Array, options: number): number
  /** `usage` takes what getrusage gives, of the child. */
  wait4(pid: number, status: Int32Array, options: number, usage: Float64Array): number
  /** `info` takes pid, uid, code and status. */
  waitid(type: number, id: number, info: Int32Array, options: number): number
  pidfd_open(pid: number, flags: number): number
  pidfd_send_signal(pidfd: number, signal: number, flags: number): number
  pidfd_getfd(pidfd: number, fd: number, flags: number): number
  prctl(operation: number, argument: number): number
  prctl_ask(operation: number, answer: Int32Array): number
  prctl_set_name(name: string): number
  prctl_get_name(): string
}

/** What reactorCreate gives: native/core/reactor/shared.h says what lies in the two blocks of memory. */
export interface ReactorParts {
  readonly handle: object
  readonly control: ArrayBuffer
  readonly data: ArrayBuffer
}

// native/reactor.cc; asynchronous: `batch` is called by the event loop
interface ReactorNatives {
  /** `handler`: a native handler at work, or -1. Gives a negative errno where it fails. */
  reactorCreate(
    backend: string,
    edgeTriggered: boolean,
    mostConnections: number,
    idleTimeout: number,
    headTimeout: number,
    highWaterMark: number,
    handler: number,
    batch: () => void,
  ): ReactorParts | number
  reactorListen(handle: object, fd: number): number
  reactorUnlisten(handle: object, fd: number): void
  /** Does what was noted in the control block. */
  reactorFlush(handle: object): void
  /** Writes at once; gives the bytes that are queued. */
  reactorWrite(handle: object, slot: number, data: ByteView): number
  /** Gives the descriptor away. */
  reactorDetach(handle: object, slot: number): number
  /** What had been received for the connection that was detached last. */
  reactorLeftover(handle: object): Buffer | undefined
  reactorDestroyAll(handle: object): void
  reactorDescriptor(handle: object, slot: number): number
  /** `port address` of the client; empty where it has none. */
  reactorPeer(handle: object, slot: number): string
  /** The same of a client that was closed unserved, until the batch is over that tells of it. */
  reactorDroppedPeer(handle: object, number: number): string
  reactorClose(handle: object): void
}

// native/loop/readiness.cc; asynchronous: `callback` is called by the event loop
interface ReadinessNatives {
  readinessOpen(pairs: Int32Array, callback: (count: number) => void): number
  readinessControl(operation: number, fd: number, events: number, id: number): number
  readinessKeepAlive(wanted: boolean): void
  readinessRenew(): number
  /** Readable while the event loop has something to deliver. */
  loopDescriptor(): number
  /** Whether anything is under way that the event loop waits for. */
  loopIsAlive(): boolean
}

// native/process_ids.cc
interface ProcessIdsNatives {
  getpid(): number
  getppid(): number
  gettid(): number
  getpgrp(): number
  getpgid(pid: number): number
  setpgid(pid: number, group: number): number
  getsid(pid: number): number
  setsid(): number
  alarm(seconds: number): number
  getuid(): number
  geteuid(): number
  getgid(): number
  getegid(): number
  getresuid(ids: Uint32Array): number
  getresgid(ids: Uint32Array): number
  getgroups(groups: Uint32Array): number
  setuid(uid: number): number
  seteuid(uid: number): number
  setresuid(real: number, effective: number, saved: number): number
  setgid(gid: number): number
  setegid(gid: number): number
  setresgid(real: number, effective: number, saved: number): number
  setgroups(groups: Uint32Array): number
  /** PR_SET_NO_NEW_PRIVS in every thread. */
  setNoNewPrivileges(): number
  /** 1, 0 or -errno. */
  hasCapabilities(): number
  /** 0 where every thread has the rights of the calling one, or the number of one that has others, or -errno. */
  findTaskOfOtherRights(): number
}

// native/pthread.cc; a thread is a number that no other thread ever has
interface PthreadNatives {
  /** A built-in start routine by its name; -ENOENT where there is none. */
  routineFind(name: string): number
  /** A shared object's function; a string says why it could not be loaded. */
  routineOpen(path: string, symbol: string): number | string
  /** Gives the thread. Sizes in bytes, -1: by default; `cpus` is as a cpu_set_t, or empty. */
  pthread_create(
    routine: number,
    hasBytes: boolean,
    argument: number,
    bytes: ByteView | undefined,
    detached: boolean,
    stackSize: number,
    guardSize: number,
    cpus: Uint8Array,
  ): number
  /** The right to join it, for one at a time; gives a descriptor of the thread's own that is readable at its end, if wanted. */
  pthread_claim(thread: number, wantsEnd: boolean): number
  pthread_give_up(thread: number): void
  /** Joins a claimed thread, blocking; `result` takes what it returned. */
  pthread_join(thread: number, result: BigInt64Array): number
  pthread_tryjoin_np(thread: number, result: BigInt64Array): number
  pthread_detach(thread: number): number
  pthread_self(): number
  pthread_kill(thread: number, signal: number): number
  pthread_cancel(thread: number): number
  pthread_setname_np(thread: number, name: string): number
  pthread_getname_np(thread: number): string | number
  pthread_setaffinity_np(thread: number, cpus: Uint8Array): number
  pthread_getaffinity_np(thread: number, cpus: Uint8Array): number
  /** `sizes` takes whether it is detached, and the sizes of its stack and of its guard. */
  pthread_getattr_np(thread: number, sizes: Float64Array): number
}

// native/resource.cc
interface ResourceNatives {
  /** `wanted` (empty: none is set) and `old` are soft and hard. */
  prlimit(pid: number, resource: number, wanted: BigUint64Array, old: BigUint64Array): number
  getrusage(who: number, fields: Float64Array): number
}

// native/sched.cc
interface SchedNatives {
  sched_yield(): number
  sched_getcpu(): number
  sched_getscheduler(pid: number): number
  sched_setscheduler(pid: number, policy: number, priority: number): number
  sched_getparam(pid: number): number
  sched_get_priority_min(policy: number): number
  sched_get_priority_max(policy: number): number
  /** `cpus` is a cpu_set_t. */
  sched_setaffinity(pid: number, cpus: Uint8Array): number
  sched_getaffinity(pid: number, cpus: Uint8Array): number
  getpriority(which: number, who: number, priority: Int32Array): number
  setpriority(which: number, who: number, priority: number): number
  unshare_namespaces(flags: number): number
  setns(fd: number, nstype: number): number
}

// native/sendfile.cc
interface SendfileNatives {
  sendfile(out: number, from: number, offset: number, count: number): number
  splice(from: number, fromOffset: number, out: number, outOffset: number, length: number, flags: number): number
  tee(from: number, out: number, length: number, flags: number): number
  copy_file_range(
    from: number,
    fromOffset: number,
    out: number,
    outOffset: number,
    length: number,
    flags: number,
  ): number
}

// native/socket.cc; `address` is the bytes of a sockaddr, or takes them (see posix/socket-address.ts)
interface SocketNatives {
  socket(domain: number, type: number, protocol: number): number
  socketpair(domain: number, type: number, protocol: number, pair: Int32Array): number
  bind(fd: number, address: Uint8Array): number
  listen(fd: number, backlog: number): number
  accept4(fd: number, flags: number, address: Uint8Array): number
  connect(fd: number, address: Uint8Array): number
  shutdown(fd: number, how: number): number
  getsockname(fd: number, address: Uint8Array): number
  getpeername(fd: number, address: Uint8Array): number
  send(fd: number, data: ByteView, offset: number, length: number, flags: number): number
  sendto(fd: number, data: ByteView, flags: number, address: Uint8Array): number
  recv(fd: number, buffer: ByteView, offset: number, length: number, flags: number): number
  recvfrom(fd: number, buffer: ByteView, flags: number, address: Uint8Array): number
  setsockopt(fd: number, level: number, name: number, value: ByteView): number
  getsockopt(fd: number, level: number, name: number, value: ByteView): number
  inet_pton(family: number, text: string, bytes: Uint8Array): number
  inet_ntop(family: number, bytes: Uint8Array): string
}

// native/socket_message.cc
interface SocketMessageNatives {
  sendmsg(
    fd: number,
    flags: number,
    address: Uint8Array,
    fds: Int32Array,
    credentials: Int32Array,
    pktinfo: Uint8Array,
    ...buffers: ByteView[]
  ): number
  recvmsg(fd: number, flags: number, address: Uint8Array, received: Int32Array, ...buffers: ByteView[]): number
}

// native/socket_messages.cc
interface SocketMessagesNatives {
  /** `shape`: pieces and the address's length of each; `sizes` takes the bytes that were sent of each. */
  sendmmsg(
    fd: number,
    flags: number,
    shape: Int32Array,
    addresses: Uint8Array,
    sizes: Int32Array,
    ...buffers: ByteView[]
  ): number
  /** One buffer a message; `results` takes bytes and flags of each. */
  recvmmsg(fd: number, flags: number, addresses: Uint8Array, results: Int32Array, ...buffers: ByteView[]): number
}

// native/spawn.cc; lists of strings are bytes in which each is ended by a NUL
interface SpawnNatives {
  /** The child. `actions`: kind (0 close, 1 dup2, 2 open, 3 chdir, 4 fchdir) and three numbers each; `names`: their paths, in order. */
  posix_spawn(
    path: PathName,
    searches: boolean,
    actions: Int32Array,
    names: Uint8Array,
    attributes: Int32Array,
    sets: BigUint64Array,
    argv: Uint8Array,
    envp: Uint8Array,
  ): number
  /** Comes back where it fails. */
  execve(path: PathName, searches: boolean, argv: Uint8Array, envp: Uint8Array): number
  fexecve(fd: number, argv: Uint8Array, envp: Uint8Array): number
}

// native/structured_clone.cc
interface StructuredCloneNatives {
  /** What the value would take on the heap, about, in bytes; -EBADMSG for what v8.serialize of this format does not write. */
  costOfStructuredClone(bytes: Uint8Array, version: number): number
}

// native/select.cc; `sets` as three fd_sets in a row, which take the answer
interface SelectNatives {
  pselect(nfds: number, sets: Int32Array, timeout: number, set: BigUint64Array): number
}

// native/signal.cc; sets are those of posix/signal-set.ts
interface SignalNatives {
  kill(pid: number, signal: number): number
  raise(signal: number): number
  sigqueue(pid: number, signal: number, value: number): number
  /** An empty `set` changes nothing; `old` takes what was blocked. */
  pthread_sigmask(how: number, set: BigUint64Array, old: BigUint64Array): number
  block_in_other_threads(set: BigUint64Array): number
  sigpending(set: BigUint64Array): number
  /** A negative timeout has no end; `info` takes code, pid, uid and int. */
  sigtimedwait(set: BigUint64Array, milliseconds: number, info: Int32Array): number
  /** Gives what it was: 0 SIG_DFL, 1 SIG_IGN, 2 a function. */
  signal(signal: number, disposition: number): number
  siginterrupt(signal: number, interrupts: boolean): number
  /** -1 leaves disposition or flags as they are; `found` takes both, `mask` what is blocked meanwhile. */
  sigaction(
    signal: number,
    disposition: number,
    flags: number,
    changeable: number,
    found: Int32Array,
    mask: BigUint64Array,
  ): number
  sigsuspend(set: BigUint64Array): number
  tgkill(tgid: number, tid: number, signal: number): number
  strsignal(signal: number): string
}

// native/loop/fork.cc
interface ForkNatives {
  /** A pid, 0 in the child, a negative errno; or, where a thread could not be parked, that thread's name and number. */
  fork(keepHandles: boolean): number | string
  /**
   * Forks from the event loop with no JavaScript on the stack; `idle` is called in the child when it has run out of events. It keeps no
   * descriptors but 0 to 2 and `kept`, unless `keepsAll`.
   */
  forkFromLoop(
    prepare: () => boolean,
    after: (result: number | string) => void,
    idle: () => void,
    keepsAll: boolean,
    kept: Int32Array,
  ): number
  /** From now on the children of this process are its parent's. */
  forkSiblings(): void
  /** Whether Math.random was found, of all contexts. `inNewContext(probe)` calls `probe(Math.random)` in a context made for it. */
  findMathRandom(inNewContext: (probe: (random: () => number) => void) => void): boolean
  /** In a child: no Math.random goes on where the parent's stands. */
  renewMathRandom(): number
  /** Whether a fork could know the threads of this process: 0, a negative errno, or why not. */
  lookForThreads(): number | string
  /** Pages that V8 maps for its heap lie together from now on, which makes forks cheaper, and are not hidden from children. */
  prepareHeap(): void
  getrandom(bytes: ByteView): number
  /** Collects all that can be collected; false where this Node gives no way to ask for it. */
  collectAllGarbage(): boolean
  /** Whether the jobs that a child is not to run were found. `queueOne` queues a promise job, which will not run. */
  findPromiseJobs(queueOne: () => void): boolean
  /**
   * Learns what a FinalizationRegistry looks like from one that is new and its callback, and what promises look like from one that is
   * pending, one that is fulfilled with 7 and one of Atomics.waitAsync. False where one of them looks otherwise than expected.
   */
  findEngineWork(
    registry: object,
    callback: () => void,
    pending: Promise<never>,
    fulfilled: Promise<number>,
    waiting: unknown,
  ): boolean
  /** From now on a fork finds the results of the thread pool that are still to be handed out. Main thread, once. */
  keepResultsInReach(): void
  /** From now on promises of WebAssembly are settled without a task of V8's in between. Main thread, once. */
  settleWasmPromisesAtOnce(): void
  /** Whether anything is left on the event loop that keeps the process alive. */
  isLoopAlive(): boolean
  /** In a child: nothing that waits for the promise goes on. */
  silencePromise(promise: Promise<unknown>): void
  silencedStreams(): number
  refStreams(referenced: boolean): void
  /** The promise, which is pending, becomes what `outcome` becomes. */
  settlePromise(promise: Promise<unknown>, outcome: Promise<unknown>): void
  hasStream(fd: number): boolean
  writeOut(fd: number, data: ByteView, milliseconds: number): number
  _exit(status: number): never
}

/** What a ForkAcceptor calls: see native/loop/fork_acceptor.cc. */
export interface ForkAcceptorCallbacks {
  /** Before connections are accepted: false where JavaScript accepts from now on. */
  isAsked(): boolean
  /** In the child; `report` is where it can leave a report. */
  enter(fd: number, report: number): void
  /** In the child, when it has run out of events. */
  idle(): void
  /** `status` is 0 where the child was killed by forkAcceptorKill. The client's address is in `address`, here and below. */
  ended(pid: number, status: number, report?: Buffer): void
  acceptFailed(errno: number): void
  /** `why` is a negative errno, or why it was not safe to fork. The descriptor is the callee's, here and below. */
  forkFailed(fd: number, why: number | string): void
  overLimit(fd: number): void
  /** `address` and `accepted`: kept for as long as the callbacks are. */
  readonly memory: readonly (Uint8Array | BigInt64Array)[]
}

// native/loop/fork_acceptor.cc: accept, fork and wait without JavaScript in the parent; one number stands for an acceptor
interface ForkAcceptorNatives {
  forkAcceptorOpen(
    listener: number,
    callbacks: ForkAcceptorCallbacks,
    address: Uint8Array,
    accepted: BigInt64Array,
    kept: Int32Array,
  ): number
  forkAcceptorSettle(acceptor: number): void
  forkAcceptorResume(acceptor: number, mostChildren: number, mostConnections: number): number
  forkAcceptorPause(acceptor: number): void
  /** Every child, whose end is no error then. */
  forkAcceptorKill(acceptor: number, signal: number): void
  /** From now on every child's end is told. */
  forkAcceptorTellAllEnds(acceptor: number): void
  forkAcceptorChildren(acceptor: number): number
  forkAcceptorClose(acceptor: number): void
}

// native/terminal.cc; `flags` are those of input, output, control, local, and the speeds of input and output
interface TerminalNatives {
  tcgetattr(fd: number, flags: Uint32Array, characters: Uint8Array): number
  tcsetattr(fd: number, actions: number, flags: Uint32Array, characters: Uint8Array): number
  /** Changes what it is given. */
  cfmakeraw(flags: Uint32Array, characters: Uint8Array): void
  tcdrain(fd: number): number
  tcflush(fd: number, queue: number): number
  tcflow(fd: number, action: number): number
  tcsendbreak(fd: number, duration: number): number
  tcgetpgrp(fd: number): number
  tcsetpgrp(fd: number, pgrp: number): number
  /** `pair` takes the master and the other side. */
  openpty(pair: Int32Array): number
  /** '' where there is none. */
  ptsname(fd: number): string
}

// native/thread.cc
interface ThreadNatives {
  /** The native accept loop on a thread of its own; gives its number. Times in milliseconds, 0: none; sizes in bytes, 0: default; maxConnections -1: no limit. */
  threadServerStart(
    listener: number,
    running: number,
    maxThreads: number,
    reuse: boolean,
    maxConnections: number,
    stackSize: number,
    idleTimeout: number,
  ): number
  /** Readable when the last thread has left, and when accepting ended by a fault. */
  threadServerEventFd(server: number): number
  threadServerStop(server: number): void
  threadServerShutdown(server: number): void
  /** Quiets the event descriptor. */
  threadServerHeard(server: number): void
  /** `counts` takes accepted, active, rejected, errors, threads, fault; gives 1 when the last thread has left. */
  threadServerStats(server: number, counts: Float64Array): number
  threadServerRelease(server: number): void
  /** Threads for the I/O of connections, of which `keep` wait to be used again; gives the number of this pool. */
  threadIoOpen(keep: number, stackSize: number): number
  threadIoEventFd(pool: number): number
  threadIoThreadCount(pool: number): number
  threadIoRelease(pool: number): void
  /** Gives the number of the connection, which owns `fd` from then on. */
  threadIoStart(pool: number, fd: number, idleTimeout: number): number
  threadIoRead(pool: number, connection: number, most: number): number
  threadIoWrite(pool: number, connection: number, data: ByteView, offset: number, length: number): number
  threadIoEnd(pool: number, connection: number): number
  /** `quietly`: no completion comes. */
  threadIoClose(pool: number, connection: number, quietly: boolean): number
  /** What was done since the last time: connection, operation, result, bytes read or null, and so on. */
  threadIoTake(pool: number): (number | Buffer | null)[]
}

// native/vector_io.cc; a position of -1 is the descriptor's own offset
interface VectorIoNatives {
  readv(fd: number, ...buffers: ByteView[]): number
  writev(fd: number, ...buffers: ByteView[]): number
  preadv2(fd: number, position: number, flags: number, ...buffers: ByteView[]): number
  pwritev2(fd: number, position: number, flags: number, ...buffers: ByteView[]): number
}

export interface Natives
  extends
    AioNatives,
    ClockNatives,
    EpollNatives,
    EpollWaitsNatives,
    EventFdNatives,
    FdNatives,
    FileNatives,
    ForkAcceptorNatives,
    ForkNatives,
    HandlerNatives,
    InotifyNatives,
    IoUringNatives,
    IoctlNatives,
    MemoryNatives,
    NoWaitNatives,
    PinnedMemoryNatives,
    PollNatives,
    ProcessIdsNatives,
    ProcessNatives,
    PthreadNatives,
    ReactorNatives,
    ReadinessNatives,
    ResourceNatives,
    SchedNatives,
    SelectNatives,
    SendfileNatives,
    SignalNatives,
    SocketMessageNatives,
    SocketMessagesNatives,
    SpawnNatives,
    StructuredCloneNatives,
    SocketNatives,
    TerminalNatives,
    ThreadNatives,
    VectorIoNatives {
  readonly constants: Readonly<Record<string, number>>
}

// The folder of the package that this file is in; undefined where that is not posix-async: a bundle lies in another package, and
// has no URL where it is CommonJS.
function ownFolder(): string | undefined {
  const url: unknown = import.meta.url
  if (typeof url !== 'string' || !url.startsWith('file:')) return undefined
  for (let folder = dirname(fileURLToPath(url)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json')
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === 'posix-async' ? folder : undefined
    if (folder === dirname(folder)) return undefined
  }
}

function glibcVersion(): string | undefined {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime
}

// Where there is no addon, importing works and each call fails with this one error.
function unavailable(cause: unknown): Natives {
  const { platform, arch } = process
  const said =
    cause instanceof Error ? `${(cause as NodeJS.ErrnoException).code ?? ''} ${cause.message}` : String(cause)
  const fail = (): never => {
    const why = whyUnavailable({ platform, arch, glibc: glibcVersion(), folder: packageFolder, said })
    const message = `posix-async can't be used here: ${why.reason}; ${why.cure}`
    throw Object.assign(codedError(Error, 'ERR_POSIX_ASYNC_UNAVAILABLE', message, { cause }), why)
  }
  const constants = new Proxy({}, { get: () => 0 }) as Natives['constants']
  return new Proxy({}, { get: (_, name) => (name === 'constants' ? constants : fail) }) as Natives
}

const packageFolder = ownFolder()

// Loading the addon is the one thing that importing this package does to the process: calls of mmap, munmap and madvise are redirected, so
// that pages of V8's heap lie side by side and are not hidden from children, and results of the thread pool are handed out by a function of
// the addon's. It happens as early as can be, because what the heap has before stays where it is.
function load(): Natives {
  try {
    if (packageFolder === undefined) throw new Error('this code is not in the package posix-async')
    // node-gyp-build takes build/Release where the addon was compiled, prebuilds/ where it came with the package.
    const nodeGypBuild = createRequire(import.meta.url)('node-gyp-build') as (folder: string) => Natives
    const addon = nodeGypBuild(packageFolder)
    if (isMainThread) {
      addon.prepareHeap()
      addon.keepResultsInReach()
      addon.settleWasmPromisesAtOnce()
    }
    return addon
  } catch (error) {
    return unavailable(error)
  }
}

export const native: Natives = load()

// Two copies of this JavaScript may use one addon in a thread (a bundle beside the package, a test runner that loads modules anew): what
// belongs to the addon's environment is kept at the addon, and is one for all of them.
const SHARED = Symbol.for('posix-async.shared')
const ownStates = new Map<string, unknown>()

/** State that all copies of this JavaScript have in common: `make()` of the one that asks first. */
export function shared<T extends object>(name: string, make: () => T): T {
  const addon = native as { [SHARED]?: Map<string, unknown> }
  const kept = addon[SHARED]
  const states = types.isMap(kept) ? kept : ownStates
  if (states === ownStates) addon[SHARED] = ownStates
  if (!states.has(name)) states.set(name, make())
  return states.get(name) as T
}

/** The value of a constant of the C headers that the addon was compiled with. */
export function constant(name: string): number {
  const value = native.constants[name]
  if (value === undefined) throw codedError(Error, 'ERR_INTERNAL_ASSERTION', `no constant ${name} in the addon`)
  return value
}
