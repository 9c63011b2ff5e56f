// Close-on-exec at birth, and the flags of every creator of descriptors, as the kernel has them.
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

it('A61 (LTP epoll_create1_01, eventfd2_01, pidfd_open01, timerfd02, pipe2_02, socketpair02): flags are exact', async () => {
  const [both, cloexec, nonblock] = ['CLOEXEC NONBLOCK', 'CLOEXEC', 'NONBLOCK']
  expect(await runFixture('creators', 'A61')).toEqual({
    open: [cloexec],
    'open O_NONBLOCK': [both],
    pipe: [cloexec, cloexec],
    pipe2: [cloexec, cloexec],
    'pipe2 0': ['', ''],
    'pipe2 O_CLOEXEC': [cloexec, cloexec],
    'pipe2 O_NONBLOCK': [nonblock, nonblock],
    'pipe2 O_CLOEXEC | O_NONBLOCK': [both, both],
    dup: [cloexec],
    dup2: [cloexec],
    'dup3 0': [''],
    'dup3 O_CLOEXEC': [cloexec],
    'fcntl F_DUPFD_CLOEXEC': [cloexec],
    'fcntl F_DUPFD': [''],
    socket: [cloexec],
    'socket SOCK_CLOEXEC': [cloexec],
    'socket SOCK_NONBLOCK': [both],
    socketpair: [cloexec, cloexec],
    'socketpair SOCK_NONBLOCK': [both, both],
    accept4: [cloexec],
    'accept4 SOCK_NONBLOCK': [both],
    'recvmsg SCM_RIGHTS': [cloexec],
    eventfd: [cloexec],
    'eventfd EFD_NONBLOCK': [both],
    timerfd_create: [cloexec],
    'timerfd_create TFD_NONBLOCK': [both],
    signalfd: [cloexec],
    'signalfd SFD_NONBLOCK': [both],
    pidfd_open: [cloexec],
    'pidfd_open PIDFD_NONBLOCK': [both],
    epoll_create1: [cloexec],
    'epoll_create1 0': [''],
  })
})
