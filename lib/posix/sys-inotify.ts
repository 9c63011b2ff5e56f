// sys/inotify.h: what happens to files and folders, behind a descriptor.
import { isUtf8 } from 'node:buffer'
import { check, checkOrNull } from '../errors.js'
import { constant, native, type PathName } from '../native.js'
import { asFd, asInteger, asPathName, asSpan, bytesOf, shownPath } from './internal/arguments.js'
import { type AsyncOptions } from './internal/async-options.js'
import { asEventDescriptor } from './internal/event-descriptor.js'
import { readAsync } from './unistd-async.js'

export const IN_ACCESS = constant('IN_ACCESS')
export const IN_ALL_EVENTS = constant('IN_ALL_EVENTS')
export const IN_ATTRIB = constant('IN_ATTRIB')
export const IN_CLOEXEC = constant('IN_CLOEXEC')
export const IN_CLOSE_NOWRITE = constant('IN_CLOSE_NOWRITE')
export const IN_CLOSE_WRITE = constant('IN_CLOSE_WRITE')
export const IN_CREATE = constant('IN_CREATE')
export const IN_DELETE = constant('IN_DELETE')
export const IN_DELETE_SELF = constant('IN_DELETE_SELF')
export const IN_DONT_FOLLOW = constant('IN_DONT_FOLLOW')
export const IN_EXCL_UNLINK = constant('IN_EXCL_UNLINK')
export const IN_IGNORED = constant('IN_IGNORED')
export const IN_ISDIR = constant('IN_ISDIR')
export const IN_MASK_ADD = constant('IN_MASK_ADD')
export const IN_MASK_CREATE = constant('IN_MASK_CREATE')
export const IN_MODIFY = constant('IN_MODIFY')
export const IN_MOVED_FROM = constant('IN_MOVED_FROM')
export const IN_MOVED_TO = constant('IN_MOVED_TO')
export const IN_MOVE_SELF = constant('IN_MOVE_SELF')
export const IN_NONBLOCK = constant('IN_NONBLOCK')
export const IN_ONESHOT = constant('IN_ONESHOT')
export const IN_ONLYDIR = constant('IN_ONLYDIR')
export const IN_OPEN = constant('IN_OPEN')
export const IN_Q_OVERFLOW = constant('IN_Q_OVERFLOW')
export const IN_UNMOUNT = constant('IN_UNMOUNT')

/** Something that happened. */
export interface InotifyEvent {
  /** Which watch heard of it, as inotify_add_watch gave it; -1 for IN_Q_OVERFLOW. */
  readonly wd: number
  /** IN_CREATE, IN_MODIFY ... with IN_ISDIR where it is about a folder; IN_IGNORED: the watch is over. */
  readonly mask: number
  /** The same for IN_MOVED_FROM and IN_MOVED_TO of one renaming; 0 otherwise. */
  readonly cookie: number
  /** The name in the folder that is watched: a Buffer where it is no UTF-8, '' where it is about what is watched itself. */
  readonly name: string | Buffer
}

/**
 * Makes an instance, which hears of what is added to it. The descriptor is close-on-exec whether or not `flags` says so; a forked child shares
 * it, and what one reads the other does not.
 *
 * @param flags IN_NONBLOCK (default 0)
 * @returns the descriptor, which the caller owns
 * @throws ErrnoError EINVAL, EMFILE (also: /proc/sys/fs/inotify/max_user_instances), ENFILE, ENOMEM; ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 inotify_init1
 */
export function inotify_init1(flags = 0): number {
  return check(native.inotify_init1(asInteger('flags', flags) | IN_CLOEXEC), 'inotify_init1')
}

/**
 * Adds a file or folder, or changes what is heard of it.
 *
 * @param fd what inotify_init1 gave, borrowed
 * @param path a string, or the bytes of a name that is no UTF-8
 * @param mask IN_CREATE, IN_MODIFY, IN_ALL_EVENTS ... with IN_ONLYDIR, IN_MASK_ADD, IN_ONESHOT ...
 * @returns the watch, a number
 * @throws ErrnoError EACCES, EBADF, EEXIST, EINVAL (no events, or another kind of descriptor), ENOENT, ENOSPC (max_user_watches), ENOTDIR ...
 *   with `path`; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 * @see man 2 inotify_add_watch
 */
export function inotify_add_watch(fd: number, path: PathName, mask: number): number {
  const [file, events] = [asPathName(path), asInteger('mask', mask, -0x80000000, 0xffffffff) >>> 0]
  return check(native.inotify_add_watch(asFd(fd), file, events), 'inotify_add_watch', { path: shownPath(file) })
}

/**
 * Takes a watch away; IN_IGNORED is the last that is heard of it.
 * @throws ErrnoError EBADF, EINVAL (no such watch); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 2 inotify_rm_watch
 */
export function inotify_rm_watch(fd: number, wd: number): void {
  check(native.inotify_rm_watch(asFd(fd), asInteger('wd', wd)), 'inotify_rm_watch')
}

const ROOM = 64 * 1024

/**
 * Takes what has happened: C's read(2), decoded. Blocks the calling thread until there is something, unless the descriptor is IN_NONBLOCK.
 *
 * @param fd what inotify_init1 gave, borrowed
 * @returns one event at least; `null` if it would block
 * @throws ErrnoError EBADF, EINVAL (another kind of descriptor); ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 * @see man 7 inotify
 */
export function inotify_read(fd: number): InotifyEvent[] | null {
  const bytes = Buffer.alloc(ROOM)
  const count = checkOrNull(native.read(asEventDescriptor(fd, 'inotify', 'read'), bytes, 0, ROOM), 'read')
  return count === null ? null : inotify_events(bytes.subarray(0, count))
}

/**
 * As inotify_read, without blocking the event loop.
 * @param options `signal`, `timeout`
 * @throws as a rejection, what inotify_read throws; the signal's reason; a TimeoutError
 * @see man 7 inotify
 */
export async function inotify_readAsync(fd: number, options?: AsyncOptions): Promise<InotifyEvent[]> {
  const bytes = Buffer.alloc(ROOM)
  const count = await readAsync(asEventDescriptor(fd, 'inotify', 'read'), bytes, 0, ROOM, options)
  return inotify_events(bytes.subarray(0, count))
}

const HEADER = 16

/**
 * The events in bytes that were read from an inotify descriptor, by readAsync, a stream or a Ring.
 * @param bytes whole events, as the kernel gives them; what is cut short at the end is left out
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_STATE
 * @see man 7 inotify
 */
export function inotify_events(bytes: Uint8Array): InotifyEvent[] {
  const { view, offset, length } = asSpan(bytes, 0, undefined, 'bytes')
  const all = Buffer.from(bytesOf({ view, offset, length }))
  const events: InotifyEvent[] = []
  for (let at = 0; at + HEADER <= all.length;) {
    const next = at + HEADER + all.readUInt32LE(at + 12)
    if (next > all.length) break
    const fields = { wd: all.readInt32LE(at), mask: all.readUInt32LE(at + 4), cookie: all.readUInt32LE(at + 8) }
    events.push({ ...fields, name: nameOf(all.subarray(at + HEADER, next)) })
    at = next
  }
  return events
}

function nameOf(padded: Buffer): string | Buffer {
  const end = padded.indexOf(0)
  const name = Buffer.from(end < 0 ? padded : padded.subarray(0, end))
  return isUtf8(name) ? name.toString() : name
}
