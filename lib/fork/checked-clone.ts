// Values of another process, which may have been taken over: its bytes are looked at before V8 makes a value of them.
import { deserialize, getHeapStatistics } from 'node:v8'
import { costOfClone, knowsCloneFormat } from '../posix/internal/structured-clone.js'
import { notAReport } from './not-a-report.js'

// The part of this process's heap that one value may take.
const HEAP_SHARE = 1 / 2
// Bytes of the heap that no limit of it is below.
const ALWAYS_THERE = 1 << 20

const notAClone = (): Error => notAReport('bytes that are no structured clone')

// Few bytes can ask for arrays that fill the heap, which ends the process.
function refuseBombs(bytes: Uint8Array, what: string): void {
  const cost = costOfClone(bytes)
  if (cost === undefined) throw notAClone()
  if (cost <= ALWAYS_THERE) return
  const most = getHeapStatistics().heap_size_limit * HEAP_SHARE
  if (cost > most) {
    throw notAReport(`${what} that takes ${cost} bytes of the heap, of which it may have ${Math.floor(most)}`)
  }
}

/**
 * The value that `bytes` are of. Views in it are views of their memory.
 * @param what the value is, for the message
 * @throws ERR_POSIX_ASYNC_REPORT where they are no structured clone, or one that takes too much of the heap
 */
export function cloneIn(bytes: Uint8Array, what: string): unknown {
  if (isFormatKnown()) refuseBombs(bytes, what)
  try {
    return deserialize(bytes)
  } catch {
    throw notAClone()
  }
}

let known: boolean | undefined
const isFormatKnown = (): boolean => (known ??= knowsCloneFormat())
