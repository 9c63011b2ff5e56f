// Ancillary data of messages as the kernel has it: descriptors (SCM_RIGHTS) and credentials (SCM_CREDENTIALS). Internal.
// See: man 3 cmsg, man 7 unix
import { constant } from '../../native.js'
import { SOL_SOCKET, type Credentials } from './socket-options.js'

const SCM_RIGHTS = constant('SCM_RIGHTS')
const SCM_CREDENTIALS = constant('SCM_CREDENTIALS')
const HEADER = 16 // struct cmsghdr: length (8 bytes), level, type
const UCRED = 12

/** What travels with a message. */
export interface Travellers {
  readonly fds: readonly number[]
  readonly credentials: Credentials | null
}

const spaceOf = (size: number): number => HEADER + Math.ceil(size / 8) * 8

/**
 * Room for all that one message may bring, and more: on a stream with SO_PASSCRED a kernel that finds nothing yet leaves credentials of
 * nobody, and goes on behind them when there is something.
 */
export const CONTROL_SIZE = spaceOf(4 * constant('SCM_MAX_FD')) + 64 * spaceOf(UCRED)

function header(type: number, size: number): Buffer {
  const bytes = Buffer.alloc(spaceOf(size))
  bytes.writeUInt32LE(HEADER + size, 0)
  bytes.writeInt32LE(SOL_SOCKET, 8)
  bytes.writeInt32LE(type, 12)
  return bytes
}

function rights(fds: readonly number[]): Buffer {
  const bytes = header(SCM_RIGHTS, 4 * fds.length)
  fds.forEach((fd, at) => bytes.writeInt32LE(fd, HEADER + 4 * at))
  return bytes
}

function ucred({ pid, uid, gid }: Credentials): Buffer {
  const bytes = header(SCM_CREDENTIALS, UCRED)
  bytes.writeInt32LE(pid, HEADER)
  bytes.writeUInt32LE(uid, HEADER + 4)
  bytes.writeUInt32LE(gid, HEADER + 8)
  return bytes
}

/** The bytes of it; none where nothing travels. */
export function controlOf({ fds, credentials }: Travellers): Buffer {
  return Buffer.concat([...(fds.length > 0 ? [rights(fds)] : []), ...(credentials ? [ucred(credentials)] : [])])
}

/** What has come into memory that was zero; other kinds are left out, and the last credentials count. */
export function readControl(bytes: Buffer): { fds: number[]; credentials: Credentials | null } {
  const fds: number[] = []
  let credentials: Credentials | null = null
  for (let at = 0; at + HEADER <= bytes.length;) {
    const size = bytes.readUInt32LE(at) - HEADER
    if (size < 0) break
    const isSocket = bytes.readInt32LE(at + 8) === SOL_SOCKET
    const type = isSocket ? bytes.readInt32LE(at + 12) : -1
    const data = bytes.subarray(at + HEADER, at + HEADER + size)
    if (type === SCM_RIGHTS) for (let i = 0; i + 4 <= size; i += 4) fds.push(data.readInt32LE(i))
    if (type === SCM_CREDENTIALS) credentials = credentialsIn(data)
    at += spaceOf(size)
  }
  return { fds, credentials }
}

function credentialsIn(data: Buffer): Credentials {
  return { pid: data.readInt32LE(0), uid: data.readUInt32LE(4), gid: data.readUInt32LE(8) }
}
