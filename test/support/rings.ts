// What cases about Ring share: a ring and a pipe for one body, and closing many descriptors.
import * as posix from 'posix-async/posix'

export const closeAll = (...fds: number[]): void => fds.forEach((fd) => posix.close(fd))

/** Runs `body` with a ring, and closes that. */
export async function withRing<T>(body: (ring: posix.Ring) => Promise<T>): Promise<T> {
  const ring = new posix.Ring()
  try {
    return await body(ring)
  } finally {
    await ring.close()
  }
}

/** Runs `body` with a small ring and a pipe, and closes them. */
export async function withPipe<T>(body: (ring: posix.Ring, r: number, w: number) => Promise<T>): Promise<T> {
  const ring = new posix.Ring({ entries: 8 })
  const [r, w] = posix.pipe()
  try {
    return await body(ring, r, w)
  } finally {
    await ring.close()
    closeAll(r, w)
  }
}
