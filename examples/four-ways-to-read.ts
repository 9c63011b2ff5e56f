// Four ways to read what is not there yet: wait in the call, be told «not yet», wait for several at once, or go on and hear of it
// later. Each reads FIFOs into which processes of their own write now and then.
//
//   node dist/examples/four-ways-to-read.js
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { _exit, close, F_GETFL, F_SETFL, fcntl, fork, mkfifo, O_NONBLOCK, O_RDONLY, O_WRONLY } from 'posix-async/posix'
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, epoll_create1, epoll_ctl, epoll_wait, EPOLLIN } from 'posix-async/posix'
import { Aiocb, aio_error, aio_read, aio_return, Ring } from 'posix-async/posix'
import { open, poll, POLLIN, read, select, waitpid, write } from 'posix-async/posix'

const { EINPROGRESS } = constants.errno
const folder = mkdtempSync(join(tmpdir(), 'four-ways-'))
const buffer = Buffer.alloc(64)
const text = (count: number): string => JSON.stringify(buffer.toString('utf8', 0, count))
const say = (line: string): void => console.log(`  ${line}`)

interface Fifo {
  name: string
  fd: number
  writer: number
}

/** A FIFO and a child process that writes words into it, a pause before each; opening waits until both ends are there. */
function fifoWith(name: string, words: readonly string[], pause = 60): Fifo {
  const path = join(folder, name)
  mkfifo(path)
  const writer = fork()
  if (writer === 0) {
    const end = open(path, O_WRONLY)
    for (const word of words) {
      poll([], pause) // a wait for nothing, with a time limit: the C programmer's sleep
      write(end, word)
    }
    _exit(0)
  }
  const fifo = { name, fd: open(path, O_RDONLY), writer }
  rmSync(path)
  return fifo
}

function finish({ fd, writer }: Fifo): void {
  close(fd)
  waitpid(writer, 0)
}

/** 1. The call returns when there is something. Nothing else happens on this thread meanwhile. */
function blocking(): void {
  const fifo = fifoWith('letters', ['alpha', 'beta'])
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  for (let count = read(fifo.fd, buffer)!; count > 0; count = read(fifo.fd, buffer)!) {
    say(`read() returned ${text(count)}; timers that fired while it waited: ${ticks}`)
  }
  say('read() returned 0: the writer has closed, this is the end of the file')
  clearInterval(timer)
  finish(fifo)
}

/** 2. The call returns at once: bytes, 0 at the end, or null, which is EAGAIN. Then do something else, and ask again. */
function nonBlocking(): void {
  const fifo = fifoWith('letters', ['gamma', 'delta'])
  fcntl(fifo.fd, F_SETFL, fcntl(fifo.fd, F_GETFL) | O_NONBLOCK)
  let refused = 0
  let sum = 0
  for (;;) {
    const count = read(fifo.fd, buffer)
    if (count === 0) break
    if (count === null) {
      refused++
      for (let i = 0; i < 10_000; i++) sum += Math.sqrt(i) // something else
      continue
    }
    say(`read() returned null (EAGAIN) ${refused} times, and then ${text(count)}`)
    refused = 0
  }
  say(`in between there was time to add up ${sum.toExponential(1)} worth of square roots, and no time for sleep`)
  finish(fifo)
}

type Waiter = (fifos: readonly Fifo[]) => number[]

/** 3. One call waits for several at once, and says who is ready. */
function multiplexed(name: string, waiter: Waiter): void {
  let fifos = [fifoWith('slow', ['one', 'two'], 80), fifoWith('quick', ['1', '2', '3'], 50)]
  while (fifos.length > 0) {
    for (const fd of waiter(fifos)) {
      const fifo = fifos.find((other) => other.fd === fd)!
      const count = read(fd, buffer)! // does not wait: the fifo is ready
      say(`${name}() says ${fifo.name} is ready: ${count > 0 ? text(count) : 'end of file'}`)
      if (count > 0) continue
      fifos = fifos.filter((other) => other !== fifo)
      finish(fifo)
    }
  }
}

const bySelect: Waiter = (fifos) => select(fifos.map(({ fd }) => fd)).read

function byPoll(fifos: readonly Fifo[]): number[] {
  const fds = fifos.map(({ fd }) => ({ fd, events: POLLIN, revents: 0 }))
  poll(fds)
  return fds.filter(({ revents }) => revents !== 0).map(({ fd }) => fd)
}

// With epoll the kernel remembers who is watched; here it is told anew for each wait, to have the shape of the others.
function byEpoll(fifos: readonly Fifo[]): number[] {
  for (const { fd } of fifos) epoll_ctl(epfd, EPOLL_CTL_ADD, fd, { events: EPOLLIN })
  const ready = epoll_wait(epfd, fifos.length).map(({ data }) => data)
  for (const { fd } of fifos) epoll_ctl(epfd, EPOLL_CTL_DEL, fd)
  return ready
}
const epfd = epoll_create1()

/** 4. The read is begun, this goes on, and its completion is heard of: by asking, by a callback, or as a promise. */
async function asynchronous(): Promise<void> {
  const fifo = fifoWith('letters', ['epsilon', 'zeta', 'eta', 'theta'])
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)

  const asked = new Aiocb({ aio_fildes: fifo.fd, aio_buf: buffer })
  aio_read(asked)
  let times = 0
  for (; aio_error(asked) === EINPROGRESS; times++) await nextTurn()
  say(`aio_error() said "in progress" ${times} times, then aio_return() gave ${text(aio_return(asked))}`)

  await new Promise<void>((resolve) => {
    const aio_sigevent = (done: Aiocb): void => {
      say(`callback: it was called with ${text(aio_return(done))}`)
      resolve()
    }
    aio_read(new Aiocb({ aio_fildes: fifo.fd, aio_buf: buffer, aio_sigevent }))
    say('callback: the read is begun, and this line comes before it is done')
  })

  const promised = new Aiocb({ aio_fildes: fifo.fd, aio_buf: buffer })
  aio_read(promised)
  say(`await: ${text(await promised.completion())}; timers that fired meanwhile: ${ticks > 0 ? 'many' : 'none'}`)

  await byRing(fifo)
  clearInterval(timer)
  finish(fifo)
}

/** With io_uring it is the kernel itself that puts the bytes where they belong: no read(2) is called at all. */
async function byRing(fifo: Fifo): Promise<void> {
  const available = Ring.availability()
  if (!available.available) return say(`io_uring: not here: ${available.reason}`)
  const ring = new Ring()
  say(`io_uring: ${text(await ring.read(fifo.fd, buffer))}, without a call of read()`)
  await ring.close()
}

console.log('1. Blocking: the call waits')
blocking()
console.log('2. Non-blocking: the call says «not yet», do something else and ask again')
nonBlocking()
console.log('3. Multiplexed: one call waits for several')
multiplexed('select', bySelect)
multiplexed('poll', byPoll)
multiplexed('epoll_wait', byEpoll)
console.log('4. Asynchronous: begin, go on, and hear of the completion')
await asynchronous()
close(epfd)
rmSync(folder, { recursive: true })
