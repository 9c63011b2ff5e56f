// Descriptors that a child of forked() must not keep: the listeners of all servers of this process, connections that were accepted and
// wait for a child of their own, the pipes of other children. A copy would keep a closed port taken, and a client from seeing the end.
// Children of the servers keep what they need and nothing else: see KeepsOnly in fork-model.ts and its like. And memory that a process shares
// with one child, which no other is to have.
import { disown, heldFds, heldMemories, own } from '../posix/internal/owned-fds.js'
import { stopSharing } from '../posix/internal/sealed-memory.js'
import { close } from '../posix/unistd.js'

const held = heldFds()
const heldMemory = heldMemories()

/** From now on a child closes `fd`. */
export function keepInParent(fd: number): void {
  held.add(fd)
  own(fd)
}

/** `fd` is about to be closed here, or is its new owner's. */
export function release(fd: number): void {
  held.delete(fd)
  disown(fd)
}

/** From now on a child gives up `memory`, which its parent shares with another child. */
export function keepMemoryInParent(memory: ArrayBuffer): void {
  heldMemory.add(memory)
}

/** In the child that is to have it, before it gives up what it is not to have; in the parent, before it gives the memory back. */
export function releaseMemory(memory: ArrayBuffer): void {
  heldMemory.delete(memory)
}

function unshareMemory(): void {
  for (const memory of heldMemory) stopSharing(memory)
  heldMemory.clear()
}

/** In a child of forked(), first of all: closes them, and gives up the memory. */
export function closeParentFds(): void {
  for (const fd of held) close(fd)
  held.clear()
  unshareMemory()
}

/** In a child that has none of them any more: those of its own are these. It gives up the memory. */
export function keepInChild(...own: readonly number[]): void {
  held.clear()
  for (const fd of own) held.add(fd)
  unshareMemory()
}
