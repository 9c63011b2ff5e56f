// Values of another process, which may have been taken over: its bytes are looked at before V8 makes a value of them.
import { deserialize, getHeapStatistics } from 'node:v8'
import { codedError } from '../errors.js'
import { costOfClone, unknownCloneFormat } from '../posix/internal/structured-clone.js'
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
 * @throws ERR_POSIX_ASYNC_UNAVAILABLE as refuseOtherFormats does; ERR_POSIX_ASYNC_REPORT where they are no structured clone, or one that takes too much of the heap
 */
export function cloneIn(bytes: Uint8Array, what: string): unknown {
  refuseOtherFormats()
  refuseBombs(bytes, what)
  try {
    return deserialize(bytes)
  } catch {
    throw notAClone()
  }
}

let isKnown = false

/**
 * What cannot be looked at before it is believed is not taken.
 * @throws ERR_POSIX_ASYNC_UNAVAILABLE where this Node.js writes structured clones of a format that is not known
 */
export function refuseOtherFormats(): void {
  if (isKnown) return
  const format = unknownCloneFormat()
  isKnown = format === undefined
  if (isKnown) return
  const message = `what children send cannot be taken: this Node.js (${process.version}) writes structured clones in format ${format}, which the library does not know`
  throw codedError(Error, 'ERR_POSIX_ASYNC_UNAVAILABLE', message)
}
