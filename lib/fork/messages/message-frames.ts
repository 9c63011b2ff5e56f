// Messages as the bytes of a frame, and back: structured clone, checked before it is believed.
import { DefaultSerializer } from 'node:v8'
import { cloneIn } from '../checked-clone.js'
import { cloneRefusal } from '../clone-refusal.js'
import { pack, type Packed } from '../packed-error.js'
import { shorten } from '../packed-text.js'
import { HEADER, writeHeader } from './frame-socket.js'

/** Kinds of frames. */
export const MESSAGE = 0
/** What a worker's main function threw, packed. */
export const THROWN = 1

const room = Buffer.alloc(HEADER)
// What V8's format begins the bytes of a view with: only then they may share memory with the value.
const HOST_OBJECT = 0x5c

/** @throws DOMException 'DataCloneError' that names the part which cannot be cloned */
export function frameOf(value: unknown, fds: number): Buffer {
  const serializer = new DefaultSerializer()
  serializer.writeRawBytes(room)
  serializer.writeHeader()
  try {
    serializer.writeValue(value)
  } catch (error) {
    throw ((error as Error).constructor === Error && cloneRefusal(value, 'message')) || error
  }
  return writeHeader(serializer.releaseBuffer(), MESSAGE, fds)
}

/** What was thrown, as a frame that is at most so long. */
export function thrownFrame(error: unknown, most: number): Buffer {
  const packed = pack(error)
  const whole = clonedFrame(packed)
  return whole.length <= most + HEADER ? whole : clonedFrame(shorten(packed, most))
}

function clonedFrame(packed: Packed): Buffer {
  const frame = frameOf(packed, 0)
  return writeHeader(frame, THROWN, 0)
}

/** The value in a frame's bytes, which may be others' soon. @throws ERR_POSIX_ASYNC_REPORT */
export function valueIn(bytes: Buffer): unknown {
  return cloneIn(bytes.includes(HOST_OBJECT) ? ownCopy(bytes) : bytes, 'a message')
}

/** The same bytes in memory that nothing else is in. */
export function ownCopy(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}
