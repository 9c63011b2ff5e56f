// What cases about POSIX AIO share: requests, a file to read from, and what is opened once.
import { constants } from 'node:os'
import * as posix from 'posix-async/posix'
import { scratch, warmUp } from './bytes.js'

export const read = (aio_fildes: number, aio_buf: ArrayBufferView | ArrayBuffer, aio_offset = 0): posix.Aiocb =>
  new posix.Aiocb({ aio_fildes, aio_buf, aio_offset, aio_lio_opcode: posix.LIO_READ })
export const write = (aio_fildes: number, text: string | Uint8Array, aio_offset = 0): posix.Aiocb =>
  new posix.Aiocb({ aio_fildes, aio_buf: Buffer.from(text), aio_offset, aio_lio_opcode: posix.LIO_WRITE })

export function fileOf(data: Uint8Array): number {
  const fd = scratch()
  posix.write(fd, data)
  posix.lseek(fd, 7, posix.SEEK_SET)
  return fd
}

/** Asks until it is over, as C does: the event loop does not turn. */
export function ask(aiocb: posix.Aiocb): number {
  while (posix.aio_error(aiocb) === constants.errno.EINPROGRESS) continue
  return posix.aio_error(aiocb)
}

/** The descriptor that tells of results stays open once there was one. */
export async function warmUpAio(): Promise<void> {
  await warmUp()
  const fd = posix.open('/proc/self/exe')
  const one = read(fd, Buffer.alloc(1))
  posix.aio_read(one)
  await one.completion()
  posix.close(fd)
}
