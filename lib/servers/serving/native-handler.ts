// Native handlers at work: found or loaded, started for one server, stopped after its last connection. See include/posix_async.h.
import { constants } from 'node:os'
import { check, codedError, ErrnoError, invalidArgValue } from '../../errors.js'
import { native } from '../../native.js'
import type { ByteTally } from '../connection.js'

const { EAGAIN, ETIMEDOUT } = constants.errno

/** Forms of a native handler, as bits. */
export const BLOCKING = 1
export const EVENT = 2

/** A native handler that one server has started. */
export class RunningNative {
  /** Its number for the natives that serve with it. */
  readonly number: number
  /** BLOCKING, EVENT or both. */
  readonly forms: number
  // Bytes in and out since the start, as they were told last.
  #told = new Float64Array(2)

  /** @throws ERR_INVALID_ARG_VALUE (no such built-in), ERR_DLOPEN_FAILED, ErrnoError of the handler's own start */
  constructor(name: string) {
    const handler = name.startsWith('/') ? open(name) : find(name)
    this.forms = native.handlerForms(handler)
    this.number = check(native.handlerStart(handler), 'start', { path: name })
  }

  /** Serves one connection on the calling thread, blocking it; the descriptor stays open. Counts its bytes. */
  serve(fd: number, tally?: ByteTally): void {
    const result = native.handlerServe(this.number, fd)
    const counts = new Float64Array(2)
    native.handlerCounters(this.number, counts)
    tally?.received(counts[0]! - this.#told[0]!)
    tally?.sent(counts[1]! - this.#told[1]!)
    this.#told = counts
    // What the client broke is told as in JavaScript: as an error of that connection. «Would block» on a descriptor that blocks
    // says that its idle time (SO_RCVTIMEO, SO_SNDTIMEO) ran out.
    if (result < 0) throw new ErrnoError(result === -EAGAIN ? ETIMEDOUT : result, 'serve')
  }

  /** Its `stop` runs when no connection uses it any more. */
  stop(): void {
    native.handlerStop(this.number)
  }
}

function find(name: string): number {
  const handler = native.handlerFind(name)
  if (handler < 0) throw invalidArgValue('handler', "must be 'echo', 'fibonacci' or the path of a shared object", name)
  return handler
}

function open(path: string): number {
  const handler = native.handlerOpen(path)
  if (typeof handler === 'string') throw codedError(Error, 'ERR_DLOPEN_FAILED', handler)
  return handler
}
