// What statx(2) tells of a file, with the names that C and node:fs have for it. See: man 2 statx
import { constant } from '../../native.js'
import { asInteger } from '../internal/arguments.js'

export const AT_FDCWD = constant('AT_FDCWD')
export const AT_EMPTY_PATH = constant('AT_EMPTY_PATH')
export const AT_SYMLINK_NOFOLLOW = constant('AT_SYMLINK_NOFOLLOW')
export const STATX_BASIC_STATS = constant('STATX_BASIC_STATS')
export const STATX_BTIME = constant('STATX_BTIME')

/** Bytes of struct statx. */
export const STATX_SIZE = 256

const S_IFMT = 0o170000
const kinds = { file: 0o100000, directory: 0o040000, link: 0o120000, fifo: 0o010000, socket: 0o140000 }
const devices = { character: 0o020000, block: 0o060000 }

export function asStatxMask(mask: unknown): number {
  return mask === undefined ? STATX_BASIC_STATS | STATX_BTIME : asInteger('mask', mask, 0)
}

/** What the kernel knows of a file. Times are milliseconds since 1970, with their fraction. */
export class Statx {
  /** Which of the fields the file system gave. */
  readonly mask: number
  readonly dev: number
  readonly ino: number
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  /** Bytes. */
  readonly size: number
  /** The size of the pieces in which it is best read and written. */
  readonly blksize: number
  /** In units of 512 bytes. */
  readonly blocks: number
  readonly atimeMs: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly birthtimeMs: number

  /** @param bytes a struct statx */
  constructor(bytes: Buffer) {
    this.mask = bytes.readUInt32LE(0)
    this.blksize = bytes.readUInt32LE(4)
    this.nlink = bytes.readUInt32LE(16)
    this.uid = bytes.readUInt32LE(20)
    this.gid = bytes.readUInt32LE(24)
    this.mode = bytes.readUInt16LE(28)
    this.ino = Number(bytes.readBigUInt64LE(32))
    this.size = Number(bytes.readBigUInt64LE(40))
    this.blocks = Number(bytes.readBigUInt64LE(48))
    this.atimeMs = timeAt(bytes, 64)
    this.birthtimeMs = timeAt(bytes, 80)
    this.ctimeMs = timeAt(bytes, 96)
    this.mtimeMs = timeAt(bytes, 112)
    this.rdev = deviceAt(bytes, 128)
    this.dev = deviceAt(bytes, 136)
  }

  get atime(): Date {
    return new Date(this.atimeMs)
  }
  get mtime(): Date {
    return new Date(this.mtimeMs)
  }
  get ctime(): Date {
    return new Date(this.ctimeMs)
  }
  get birthtime(): Date {
    return new Date(this.birthtimeMs)
  }

  isFile(): boolean {
    return (this.mode & S_IFMT) === kinds.file
  }
  isDirectory(): boolean {
    return (this.mode & S_IFMT) === kinds.directory
  }
  isSymbolicLink(): boolean {
    return (this.mode & S_IFMT) === kinds.link
  }
  isFIFO(): boolean {
    return (this.mode & S_IFMT) === kinds.fifo
  }
  isSocket(): boolean {
    return (this.mode & S_IFMT) === kinds.socket
  }
  isCharacterDevice(): boolean {
    return (this.mode & S_IFMT) === devices.character
  }
  isBlockDevice(): boolean {
    return (this.mode & S_IFMT) === devices.block
  }
}

function timeAt(bytes: Buffer, at: number): number {
  return Number(bytes.readBigInt64LE(at)) * 1000 + bytes.readUInt32LE(at + 8) / 1e6
}

// As the C library's makedev().
function deviceAt(bytes: Buffer, at: number): number {
  const major = bytes.readUInt32LE(at)
  const minor = bytes.readUInt32LE(at + 4)
  return (major & 0xfff) * 256 + (minor & 0xff) + Math.floor(minor / 256) * 2 ** 20
}
