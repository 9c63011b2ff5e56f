// What the kernel knows of the Unix sockets of all processes here. See: man 5 proc (/proc/net/unix).
import { readFileSync } from 'node:fs'

export interface UnixSocket {
  /** Of the socket, not of its file: what fstat(2) says of its descriptors. */
  readonly inode: string
  readonly isConnected: boolean
  /** The name that it was bound to. */
  readonly path: string
}

// Num: RefCount Protocol Flags Type St Inode Path, where St 01 is a socket that is not connected.
const BOUND = /^(?:\S+\s+){5}(\d\d)\s+(\d+) (.+)$/gm

/** Those that are bound to a name; undefined where that is not to be read. */
export function boundUnixSockets(): UnixSocket[] | undefined {
  try {
    const lines = readFileSync('/proc/net/unix', 'utf8').matchAll(BOUND)
    return Array.from(lines, ([, state, inode, path]) => ({ inode: inode!, isConnected: state !== '01', path: path! }))
  } catch {
    return undefined
  }
}
