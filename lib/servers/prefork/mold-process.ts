// A mold, seen from inside: it forks a worker whenever its master asks, until the master has enough.
import { forkMain } from '../../fork/child.js'
import { keepInParent, release } from '../../fork/only-here.js'
import { compactHeap } from '../../fork/compact-heap.js'
import { forkSiblings } from '../../posix/fork.js'
import { takeOverNow, type TakeOver } from '../../posix/after-fork/repair-runtime.js'
import { POLLIN } from '../../posix/poll.js'
import { Watch } from '../../posix/event-loop/watch.js'
import { recvmsg } from '../../posix/socket/socket-messages.js'
import { MSG_DONTWAIT } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { ScoreboardEntry } from '../serving/scoreboard.js'
import { fdsOf, setupOf, type WorkerContext, type WorkerTask } from './worker-context.js'

const MESSAGE = 1024

/** What a worker that a mold has forked does with its life. */
type WorkerMain = (setup: WorkerContext) => Promise<void>

async function forkWorker(
  setup: WorkerContext,
  main: WorkerMain,
  task: WorkerTask,
  fds: readonly [number, number],
  takeOver: TakeOver,
): Promise<void> {
  const [control, memory] = fds
  for (const fd of fds) keepInParent(fd)
  try {
    await forkMain(
      () => main(setupOf(setup, task, control, entryIn(memory))),
      [...fdsOf(setup, control), memory],
      takeOver,
    )
  } catch (error) {
    setup.reports.unforked(task.key, error)
  } finally {
    for (const fd of fds) {
      release(fd)
      close(fd)
    }
  }
}

// In the worker, whose entry this process has not.
function entryIn(memory: number): ScoreboardEntry {
  const entry = new ScoreboardEntry(memory)
  release(memory)
  close(memory)
  return entry
}

// What the master asks: a task with two descriptors. Its first message was the one that made this process a mold, and has neither.
function answer(setup: WorkerContext, main: WorkerMain, buffer: Buffer, took: TakeOver): 'more' | 'later' | 'over' {
  const message = recvmsg(setup.control, buffer, MSG_DONTWAIT)
  if (!message) return 'later'
  if (message.bytes === 0) return 'over'
  const [control, memory] = message.fds
  if (control !== undefined && memory !== undefined) {
    const task = JSON.parse(buffer.toString('utf8', 0, message.bytes)) as WorkerTask
    void forkWorker(setup, main, task, [control, memory], took)
  }
  return 'more'
}

/** The life of a mold, whose workers run `main`; it leaves when its master closes the socket. */
export function moldProcess(setup: WorkerContext, main: WorkerMain): Promise<void> {
  const { control, info, reports } = setup
  compactHeap()
  forkSiblings()
  process.title = `posix-async (gen:${info.generation}) mold`
  reports.reached('mold')
  const buffer = Buffer.alloc(MESSAGE)
  // Workers go on with the timers that their mold has when it has served.
  const took = takeOverNow(setup.settings.takeOver)
  return new Promise((resolve) => {
    const watch = new Watch(control, POLLIN, () => {
      let next = answer(setup, main, buffer, took)
      while (next === 'more') next = answer(setup, main, buffer, took)
      if (next === 'later') return
      watch.close()
      resolve()
    })
  })
}
