// The watch on an event descriptor by which native threads tell of what they have done.
import { POLLIN } from '../../posix/poll.js'
import { Watch } from '../../posix/event-loop/watch.js'

/** Watches the descriptor; where that fails, `undo` undoes what it belongs to. @throws ErrnoError ENOSPC, ENOMEM */
export function watching(fd: number, undo: () => void, callback: () => void): Watch {
  try {
    return new Watch(fd, POLLIN, callback)
  } catch (error) {
    undo()
    throw error
  }
}
