// Before a program forks children that are to share its heap: garbage goes, and what lives is where it stays.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects the whole heap now. What lives on is old then, which later collections in a child move the least, so that its pages stay
 * shared. Takes as long as one full collection.
 */
export function settleHeap(): void {
  collector()()
}

function collector(): () => void {
  if (globalThis.gc) return () => void globalThis.gc!()
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc') as () => void
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
