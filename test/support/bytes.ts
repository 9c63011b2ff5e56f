// What cases about bytes share: data that shows its place, its digest, reading to the end, a file without a name.
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import * as posix from 'posix-async/posix'
import { readiness } from './warm-up.js'

// The pool's threads live on once they were used, and so does the spare descriptor that libuv opens with the first stream
// (a Worker's process.stdout needs ours).
export const warmUp = async (): Promise<void> => {
  await readiness()
  process.stdout.write('')
  await Promise.all(Array.from({ length: 8 }, () => stat('/')))
  await readFile('/proc/self/stat')
}

export const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')
export const counting = (size: number): Buffer =>
  Buffer.from(Uint32Array.from({ length: size / 4 }, (_, i) => i).buffer)

export async function readAll(fd: number, buffer: Uint8Array): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (;;) {
    const count = await posix.readAsync(fd, buffer)
    if (count === 0) return Buffer.concat(chunks)
    chunks.push(Buffer.from(buffer.subarray(0, count)))
  }
}

/** A temporary file without a name, open for reading and writing. */
export const scratch = (): number => posix.open(tmpdir(), posix.O_TMPFILE | posix.O_RDWR, 0o600)
