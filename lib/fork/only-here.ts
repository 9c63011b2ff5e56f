// Descriptors that a forked child must not keep: the listeners of all servers of this process, connections that were accepted and
// wait for a child of their own, the pipes of other children. A copy would keep a closed port taken, and a client from seeing the end.
import { close } from '../posix/unistd.js'

const held = new Set<number>()

/** From now on a child closes `fd`. */
export function keepInParent(fd: number): void {
  held.add(fd)
}

/** `fd` is about to be closed here, or is its new owner's. */
export function release(fd: number): void {
  held.delete(fd)
}

/**
 * In a child, first of all: closes them, but for those that the child is there to serve with. Told none it does nothing: the parent calls it
 * so once, for V8 to compile it where all children have it.
 */
export function closeParentFds(...served: readonly number[]): void {
  if (served.length === 0) return
  for (const fd of held) if (!served.includes(fd)) close(fd)
  held.clear()
}
