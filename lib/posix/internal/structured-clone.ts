// What v8.deserialize would make of bytes, looked at before it does: it believes the lengths in them, and ends the process where the heap is full.
import { serialize } from 'node:v8'
import { native } from '../../native.js'

// The format that the addon knows. V8 has had it since Node.js 18.
const KNOWN = 15

/** Whether this runtime writes that format: in another one nothing is looked at. */
export const knowsCloneFormat = (): boolean => serialize(null)[1] === KNOWN

/** About how many bytes the value takes on the heap; undefined for bytes that v8.serialize has not written. */
export function costOfClone(bytes: Uint8Array): number | undefined {
  const cost = native.costOfStructuredClone(bytes, KNOWN)
  return cost < 0 ? undefined : cost
}
