// A mold, seen from inside: it forks a worker whenever its master asks, until the master has enough.
import { reportOf } from '../fork/channel.js'
import { forkMain } from '../fork/child.js'
import { keepHere, letGo } from '../fork/only-here.js'
import { settleHeap } from '../fork/settle-heap.js'
import { forkSiblings } from '../posix/fork.js'
import { POLLIN } from '../posix/poll.js'
import { Watch } from '../posix/readiness.js'
import { recvmsg } from '../posix/socket-messages.js'
import { MSG_DONTWAIT } from '../posix/sys-socket.js'
import { close } from '../posix/unistd.js'
import { asError } from './server.js'
import { workerProcess } from './worker-process.js'
import { setupOf, type WorkerSetup, type WorkerTask } from './worker-setup.js'

const MESSAGE = 1024

async function forkWorker(setup: WorkerSetup, task: WorkerTask, control: number): Promise<void> {
  const { reports } = setup
  keepHere(control)
  try {
    const pid = await forkMain(() => workerProcess(setupOf(setup, task, control)))
    reports.worker({ forked: task.key, pid })
  } catch (error) {
    reports.worker({ forked: task.key, failure: reportOf(asError(error)) })
  } finally {
    letGo(control)
    close(control)
  }
}

// What the master asks: a task with a descriptor. Its first message was the one that made this process a mold, and has neither.
function answer(setup: WorkerSetup, buffer: Buffer): 'more' | 'later' | 'over' {
  const message = recvmsg(setup.control, buffer, MSG_DONTWAIT)
  if (!message) return 'later'
  if (message.bytes === 0) return 'over'
  const [control] = message.fds
  if (control !== undefined) {
    void forkWorker(setup, JSON.parse(buffer.toString('utf8', 0, message.bytes)) as WorkerTask, control)
  }
  return 'more'
}

/** The life of a mold; it leaves when its master closes the socket. */
export function moldProcess(setup: WorkerSetup): Promise<void> {
  const { control, info, key, reports } = setup
  settleHeap()
  forkSiblings()
  keepHere(control)
  process.title = `posix-async (gen:${info.generation}) mold`
  reports.worker({ worker: key, mold: true })
  const buffer = Buffer.alloc(MESSAGE)
  return new Promise((resolve) => {
    const watch = new Watch(control, POLLIN, () => {
      let next = answer(setup, buffer)
      while (next === 'more') next = answer(setup, buffer)
      if (next === 'later') return
      watch.close()
      resolve()
    })
  })
}
