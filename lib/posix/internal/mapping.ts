// Memory that could not be mapped. Internal.
import { constants } from 'node:os'
import { codedError, ErrnoError } from '../../errors.js'

/** What a mapping that failed says. */
export function mappingRefused(errno: number): Error {
  if (errno !== -constants.errno.ENOTSUP) return new ErrnoError(errno, 'mmap')
  const message = 'mmap: this JavaScript runtime allows no memory from outside its own heap'
  return codedError(Error, 'ERR_POSIX_ASYNC_UNAVAILABLE', message)
}
