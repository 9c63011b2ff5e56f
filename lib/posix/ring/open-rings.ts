// The rings of this thread that are open: a descriptor that is closed concerns each, and so does a fork. Internal.
import { afterKeptFork } from '../after-fork/fork-generation.js'
import { onClose, type Closing } from '../event-loop/close-hooks.js'
import { callSafely } from '../event-loop/epoll-registry.js'

interface OpenRing {
  /** A descriptor is about to be closed. */
  whenClosed(fd: number): Closing | undefined
  /** This is the child of a fork, and the ring is the parent's. */
  lose(): void
}

const rings = new Set<OpenRing>()

export const addRing = (ring: OpenRing): void => void rings.add(ring)

export const removeRing = (ring: OpenRing): void => void rings.delete(ring)

onClose((fd) => {
  const concerned = [...rings].map((ring) => ring.whenClosed(fd)).filter((one) => one !== undefined)
  if (concerned.length === 0) return undefined
  return { done: () => concerned.forEach((one) => callSafely(() => one.done())) }
})
afterKeptFork(() => {
  for (const ring of rings) ring.lose()
})
