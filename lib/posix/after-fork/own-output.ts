// Standard output and error of a child, where they are pipes: what the parent has queued there is the parent's to write, and what the child has written
// is there before it ends.
import { constants } from 'node:os'
import { native } from '../../native.js'

const { ETIMEDOUT } = constants.errno

// How long the last lines of a child wait for a reader that is slow, in milliseconds.
const PATIENCE = 5000

interface Writing {
  writing?: boolean
  length: number
  getBuffer?(): { chunk: unknown; encoding?: string }[]
}

const outputs = [1, 2] as const

// Node makes the stream when it is first asked for: the loop has none before.
function stateOf(fd: 1 | 2): Writing | undefined {
  if (!native.hasStream(fd)) return undefined
  const stream = fd === 1 ? process.stdout : process.stderr
  return (stream as unknown as { _writableState?: Writing })._writableState
}

/** In a child: its own lines do not wait behind the parent's. */
export function beginOutput(rehearsal = false): void {
  if (rehearsal) return
  for (const fd of outputs) {
    const state = stateOf(fd)
    if (!state?.writing) continue
    Object.assign(state, { writing: false, writecb: null, bufferProcessing: false, needDrain: false })
    Object.assign(state, { length: 0, writelen: 0, pendingcb: 0, buffered: [], bufferedIndex: 0 })
  }
}

const asBytes = ({ chunk, encoding }: { chunk: unknown; encoding?: string }): Uint8Array =>
  typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : (chunk as Uint8Array)

// To standard error, where there is room.
function tellOfLoss(): void {
  const text = Buffer.from(
    `posix-async: nobody reads what child ${process.pid} has written, and its last lines are lost\n`,
  )
  native.write(2, text, 0, text.length)
}

/** In a child that ends in good order, last of all. What no reader takes within some seconds is lost. */
export function endOutput(): void {
  for (const fd of outputs) {
    const state = stateOf(fd)
    if (!state || state.length === 0) continue
    const result = native.writeOut(fd, Buffer.concat((state.getBuffer?.() ?? []).map(asBytes)), PATIENCE)
    if (result === -ETIMEDOUT && fd === 1) tellOfLoss()
  }
}
