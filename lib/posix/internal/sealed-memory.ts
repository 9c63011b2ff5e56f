// Memory that two processes share and no third: a file in memory, whose descriptor is given to the one that is to have it. Its size is sealed:
// neither of them can take it away from the other. See: man 2 memfd_create.
import { check, codedError } from '../../errors.js'
import { native } from '../../native.js'
import { mappingRefused } from './mapping.js'
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../sys-mman.js'

/** A descriptor of such a file, all zeros, which the caller owns. @throws ErrnoError EMFILE, ENFILE, ENOMEM */
export function sealedMemfd(size: number): number {
  return check(native.sealedMemfd(size), 'memfd_create')
}

/** Maps it. The memory stays when the descriptor is closed, and goes when the ArrayBuffer is collected. @throws ErrnoError ENOMEM, EMFILE */
export function mapSealed(fd: number, size: number): ArrayBuffer {
  const memory = native.mmap(size, PROT_READ | PROT_WRITE, MAP_SHARED, fd)
  if (typeof memory === 'number') throw mappingRefused(memory)
  return memory
}

/** Gives the memory back: the ArrayBuffer is detached. Idempotent. @throws ERR_INVALID_STATE */
export function unmapSealed(memory: ArrayBuffer): void {
  if (!native.detach(memory)) {
    throw codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: the memory cannot be detached')
  }
}

/** In a child: gives up its share of memory that is others'. What was read of it last stays readable as zeros. @throws ErrnoError ENOMEM */
export function stopSharing(memory: ArrayBuffer): void {
  check(native.unshare(memory), 'mmap')
}
