// Descriptors of objects of this package, which a Worker that is terminated leaves to nobody: they are closed with it. The main thread's end
// with the process.
import { isMainThread } from 'node:worker_threads'
import { native, shared } from '../../native.js'
import { onClose } from '../event-loop/close-hooks.js'

const owned = shared('owned-fds', () => new Set<number>())

/** From now on `fd` is closed when this Worker ends, unless it is closed before by `close`, or given away by `disown`. */
export function own(fd: number): void {
  if (isMainThread) return
  owned.add(fd)
  native.ownFd(fd)
}

/** `fd` is another's, or closed. */
export function disown(fd: number): void {
  if (owned.delete(fd)) native.disownFd(fd)
}

onClose((fd) => (owned.has(fd) ? { done: () => disown(fd) } : undefined))

/** Descriptors that a child of forked() must not keep, of all copies of this package. */
export const heldFds = (): Set<number> => shared('held-fds', () => new Set<number>())
/** Memory that such a child must not keep, of all copies of this package. */
export const heldMemories = (): Set<ArrayBuffer> => shared('held-memory', () => new Set<ArrayBuffer>())
