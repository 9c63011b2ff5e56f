// Streams into a Worker of the parent's, by which loggers write (pino's transports, which stand on thread-stream): in a child nobody would ever read them,
// so that their lines go to standard output there, as they are.
import type { Worker } from 'node:worker_threads'

interface Transport {
  worker?: unknown
  write(line: string): boolean
  flush(done?: () => void): void
  flushSync(): void
  end(): void
}

/** How thread-stream has the stream in its Worker. */
interface WithStream {
  stream?: { deref?(): Partial<Transport> | undefined }
}

const CODE = 'POSIX_ASYNC_TRANSPORT'

function tell(): void {
  const message = `the Worker of a log transport does not live in child ${process.pid}: its lines go to standard output`
  process.emitWarning(message, { code: CODE, detail: 'Open the transport in each worker: see docs/fork.md.' })
}

/** In a child. */
export function leaveTransport(worker: Worker): void {
  const stream = (worker as WithStream).stream?.deref?.()
  if (!stream || typeof stream.write !== 'function' || typeof stream.flushSync !== 'function') return
  let told = false
  const write = (line: string): boolean => {
    if (!told) tell()
    told = true
    return process.stdout.write(line)
  }
  Object.assign(stream, {
    write,
    flush: (done?: () => void) => done?.(),
    flushSync: () => {},
    end: () => {},
  } satisfies Transport)
}
