// What v8.deserialize would make of bytes, looked at before it does: it believes the lengths in them, and ends the process where the heap is full.
import { serialize } from 'node:v8'
import { native } from '../../native.js'

// The format that the addon knows. V8 has had it since Node.js 18.
const KNOWN = 15

/** The format that this runtime writes where it is another one, which cannot be looked at; undefined where it is that one. */
export function unknownCloneFormat(): number | undefined {
  const format = serialize(null)[1]!
  return format === KNOWN ? undefined : format
}

/** About how many bytes the value takes on the heap; undefined for bytes that v8.serialize has not written. */
export function costOfClone(bytes: Uint8Array): number | undefined {
  const cost = native.costOfStructuredClone(bytes, KNOWN)
  return cost < 0 ? undefined : cost
}
