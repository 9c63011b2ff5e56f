// The standard input, output and error of a worker's own: pipes to its parent, in the place of those that it was forked with.
// See: man 7 pipe, man 2 dup.
import { writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import { O_CLOEXEC } from '../../posix/fcntl.js'
import { FdStream } from '../../posix/classes/fd-stream.js'
import { close, dup2, pipe2 } from '../../posix/unistd.js'
import { keepInParent, release } from '../only-here.js'

const NAMES = ['stdin', 'stdout', 'stderr'] as const

type Ends = [child: number, parent: number]

/** In the parent. */
export interface ParentStreams {
  readonly stdin: Writable | null
  readonly stdout: FdStream | null
  readonly stderr: FdStream | null
}

export const NO_STREAMS: ParentStreams = { stdin: null, stdout: null, stderr: null }

/** Three pipes, made before the fork. */
export class StdioPipes {
  readonly #pipes: Ends[] = []

  /** @throws ErrnoError EMFILE, ENFILE */
  constructor() {
    try {
      for (const name of NAMES) {
        const [reader, writer] = pipe2(O_CLOEXEC)
        this.#pipes.push(name === 'stdin' ? [reader, writer] : [writer, reader])
        keepInParent(reader)
        keepInParent(writer)
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** In the child, before it gives up what only its parent is to have: these are its own. */
  install(): void {
    this.#pipes.forEach(([own], fd) => dup2(own, fd))
    redirect('stdout')
    redirect('stderr')
    Object.defineProperty(process, 'stdin', { configurable: true, enumerable: true, get: stdinOf })
  }

  /** In the parent: its own ends as streams, which own them. */
  parentStreams(): ParentStreams {
    const [stdin, stdout, stderr] = this.#pipes.map(([, own]) => ownStream(own))
    return { stdin: stdin!, stdout: stdout!, stderr: stderr! }
  }

  /** In the parent, after the fork. */
  closeChildEnds(): void {
    for (const [theirs] of this.#pipes) closeHere(theirs)
  }

  /** Before there are streams: all of it. */
  close(): void {
    this.#pipes.splice(0).flat().forEach(closeHere)
  }
}

/** In the parent, when the worker has ended: what nobody reads is not kept. */
export function leaveStreams({ stdin, stdout, stderr }: ParentStreams): void {
  stdin?.destroy()
  for (const stream of [stdout, stderr]) {
    if (stream?.readableFlowing === null && stream.listenerCount('readable') === 0) stream.resume()
  }
}

function closeHere(fd: number): void {
  release(fd)
  close(fd)
}

function ownStream(fd: number): FdStream {
  const stream = new FdStream(fd)
  stream.once('close', () => release(fd))
  return stream
}

// Whatever the parent has its own standard output made of, a child's end of a pipe is written to at once and whole: nothing is lost at its end.
class PipeEnd extends Writable {
  readonly fd: number

  constructor(fd: number) {
    super({ decodeStrings: true })
    this.fd = fd
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.fd, bytes, at)
      done()
    } catch (error) {
      done(error as Error)
    }
  }
}

function redirect(name: 'stdout' | 'stderr'): void {
  const stream = new PipeEnd(NAMES.indexOf(name))
  stream.on('error', () => {}) // the parent reads no more, as where a shell's pipe has ended
  Object.defineProperty(process, name, { configurable: true, enumerable: true, value: stream })
  Object.assign(console, { [`_${name}`]: stream })
}

let stdin: FdStream | undefined
const stdinOf = (): FdStream => (stdin ??= new FdStream(0, { writable: false }))
