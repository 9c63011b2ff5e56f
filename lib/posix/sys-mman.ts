// sys/mman.h: memory that a process and its forked children share, as an ArrayBuffer; files in memory.
import { constants as bufferConstants } from 'node:buffer'
import { check, codedError, invalidArgType, invalidArgValue } from '../errors.js'
import { constant, native, type PathName } from '../native.js'
import { asInteger, asPathName, shownPath } from './internal/arguments.js'
import { mappingRefused } from './internal/mapping.js'

export const PROT_READ = constant('PROT_READ')
export const PROT_WRITE = constant('PROT_WRITE')
export const MAP_SHARED = constant('MAP_SHARED')
export const MAP_ANONYMOUS = constant('MAP_ANONYMOUS')
export const MAP_HUGETLB = constant('MAP_HUGETLB')
export const MAP_LOCKED = constant('MAP_LOCKED')
export const MAP_NORESERVE = constant('MAP_NORESERVE')
export const MAP_POPULATE = constant('MAP_POPULATE')

export const MFD_CLOEXEC = constant('MFD_CLOEXEC')
export const MFD_ALLOW_SEALING = constant('MFD_ALLOW_SEALING')
export const MFD_HUGETLB = constant('MFD_HUGETLB')

const WANTED = MAP_SHARED | MAP_ANONYMOUS
const OPTIONAL = MAP_HUGETLB | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE
const mapped = new WeakSet<ArrayBuffer>()

/**
 * New memory, all zeros, that is shared with children forked later: what one writes the others see. `Atomics` work on an
 * Int32Array over it, across processes, all but `wait` and `notify`, which want a SharedArrayBuffer. It does not go to a
 * Worker: a transfer copies it (Node.js 20) or throws (later versions). It is given back when the ArrayBuffer is collected, or by munmap.
 *
 * @param address null: the kernel chooses
 * @param length bytes; the kernel rounds up to whole pages, the ArrayBuffer has exactly so many
 * @param protection PROT_READ | PROT_WRITE, the only one that JavaScript can live with
 * @param flags MAP_SHARED | MAP_ANONYMOUS, with MAP_POPULATE, MAP_NORESERVE, MAP_LOCKED, MAP_HUGETLB. Files are not mapped: one
 *   that is cut short would kill the process at the next access (SIGBUS)
 * @throws ErrnoError ENOMEM, EAGAIN, EPERM; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, and
 *   ERR_POSIX_ASYNC_UNAVAILABLE in runtimes that allow no memory from outside (Electron)
 * @see man 2 mmap
 */
export function mmap(
  address: null,
  length: number,
  protection: number = PROT_READ | PROT_WRITE,
  flags: number = WANTED,
): ArrayBuffer {
  if (address !== null) throw invalidArgType('address', 'null', address)
  const size = asInteger('length', length, 1, bufferConstants.MAX_LENGTH)
  if (protection !== (PROT_READ | PROT_WRITE)) {
    throw invalidArgValue('protection', 'must be PROT_READ | PROT_WRITE', protection)
  }
  if ((asInteger('flags', flags) & ~OPTIONAL) !== WANTED) {
    throw invalidArgValue('flags', 'must have MAP_SHARED | MAP_ANONYMOUS', flags)
  }
  const result = native.mmap(size, protection, flags, -1)
  if (typeof result === 'number') throw mappingRefused(result)
  mapped.add(result)
  return result
}

/**
 * Gives memory from mmap back at once and not when it is collected: the ArrayBuffer is detached (its length is 0 from here on) and
 * the kernel has its memory again when this turn of the event loop is over. Other processes that share it keep theirs.
 * Nothing happens when it is detached already.
 *
 * @throws ERR_INVALID_ARG_VALUE where it is not from mmap
 * @see man 2 munmap
 */
export function munmap(memory: ArrayBuffer): void {
  if (!(memory instanceof ArrayBuffer)) throw invalidArgType('memory', 'an instance of ArrayBuffer', memory)
  if (!mapped.has(memory)) throw invalidArgValue('memory', 'must be what mmap gave', memory)
  if (!native.detach(memory))
    throw codedError(Error, 'ERR_INVALID_STATE', 'Invalid state: the memory cannot be detached')
}

/**
 * Makes a file that lies in memory and has no name in any folder. A forked child shares it. The descriptor is close-on-exec whether or not
 * `flags` says so.
 *
 * @param name what /proc shows of it, up to 249 bytes; several may have the same
 * @param flags MFD_ALLOW_SEALING (fcntl's F_ADD_SEALS may make it unchangeable), MFD_HUGETLB (default 0)
 * @returns the descriptor, open for reading and writing, which the caller owns
 * @throws ErrnoError EINVAL (the name is too long, unknown flags), EMFILE, ENFILE, ENOMEM; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_OUT_OF_RANGE
 * @see man 2 memfd_create
 */
export function memfd_create(name: PathName, flags = 0): number {
  const path = asPathName(name, 'name')
  const how = (asInteger('flags', flags, 0, 0xffffffff) | MFD_CLOEXEC) >>> 0
  return check(native.memfd_create(path, how), 'memfd_create', { path: shownPath(path) })
}
