// Descriptors that a child of forked() must not keep: the listeners of all servers of this process, connections that were accepted and
// wait for a child of their own, the pipes of other children. A copy would keep a closed port taken, and a client from seeing the end.
// Children of the servers keep what they need and nothing else: see KeepsOnly in fork-model.ts and its like.
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

/** In a child of forked(), first of all: closes them. */
export function closeParentFds(): void {
  for (const fd of held) close(fd)
  held.clear()
}

/** In a child that has none of them any more: those of its own are these. */
export function keepInChild(...own: readonly number[]): void {
  held.clear()
  for (const fd of own) held.add(fd)
}
