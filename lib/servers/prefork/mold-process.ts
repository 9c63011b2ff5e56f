// A mold, seen from inside: it forks a worker whenever its master asks, until the master has enough.
import { reportOf } from '../../fork/channel.js'
import { forkMain } from '../../fork/child.js'
import { keepInParent, release } from '../../fork/only-here.js'
import { compactHeap } from '../../fork/compact-heap.js'
import { forkSiblings } from '../../posix/fork.js'
import { POLLIN } from '../../posix/poll.js'
import { Watch } from '../../posix/event-loop/watch.js'
import { recvmsg } from '../../posix/socket/socket-messages.js'
import { MSG_DONTWAIT } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { asError } from '../model.js'
import { fdsOf, setupOf, type WorkerContext, type WorkerTask } from './worker-context.js'

const MESSAGE = 1024

/** What a worker does with its life. */
type WorkerMain = (setup: WorkerContext) => Promise<void>

async function forkWorker(setup: WorkerContext, main: WorkerMain, task: WorkerTask, control: number): Promise<void> {
  const { reports } = setup
  keepInParent(control)
  try {
    const pid = await forkMain(() => main(setupOf(setup, task, control)), fdsOf(setup, control))
    reports.worker({ forked: task.key, pid })
  } catch (error) {
    reports.worker({ forked: task.key, failure: reportOf(asError(error)) })
  } finally {
    release(control)
    close(control)
  }
}

// What the master asks: a task with a descriptor. Its first message was the one that made this process a mold, and has neither.
function answer(setup: WorkerContext, main: WorkerMain, buffer: Buffer): 'more' | 'later' | 'over' {
  const message = recvmsg(setup.control, buffer, MSG_DONTWAIT)
  if (!message) return 'later'
  if (message.bytes === 0) return 'over'
  const [control] = message.fds
  if (control !== undefined) {
    void forkWorker(setup, main, JSON.parse(buffer.toString('utf8', 0, message.bytes)) as WorkerTask, control)
  }
  return 'more'
}

/** The life of a mold, whose workers run `main`; it leaves when its master closes the socket. */
export function moldProcess(setup: WorkerContext, main: WorkerMain): Promise<void> {
  const { control, info, key, reports } = setup
  compactHeap()
  forkSiblings()
  keepInParent(control)
  process.title = `posix-async (gen:${info.generation}) mold`
  reports.worker({ worker: key, mold: true })
  const buffer = Buffer.alloc(MESSAGE)
  return new Promise((resolve) => {
    const watch = new Watch(control, POLLIN, () => {
      let next = answer(setup, main, buffer)
      while (next === 'more') next = answer(setup, main, buffer)
      if (next === 'later') return
      watch.close()
      resolve()
    })
  })
}
