// Takes the place of a Unix socket's file that a killed server left behind, and never that of a server that lives.
// See: man 7 unix, man 2 connect.
import { statSync, unlinkSync } from 'node:fs'
import { basename, dirname, isAbsolute } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ErrnoError } from '../../errors.js'
import { AF_UNIX } from '../../posix/socket/socket-address.js'
import { bind, connect, SOCK_NONBLOCK, SOCK_STREAM, socket } from '../../posix/sys-socket.js'
import { close } from '../../posix/unistd.js'
import { fileAt } from './socket-file.js'
import { boundUnixSockets } from './unix-sockets.js'

// How often and how soon another server that starts in the same folder is waited for. Milliseconds.
const ATTEMPTS = 200
const PAUSE = 5

/**
 * Runs `open`, which binds and listens at `path`; where the address is in use, but by a file that a killed server has left, removes that file and runs
 * it once more. Servers that start in one folder do so one after the other, so that none is taken for dead between its bind(2) and its listen(2).
 * @throws (rejects) what `open` throws: EADDRINUSE where the server lives, or the file is not a stream socket's
 */
export async function inPlaceOfStale<T>(path: string, open: () => T): Promise<T> {
  for (let left = ATTEMPTS; left > 0; left--) {
    const lock = lockOf(path)
    if (lock === 'held') await pause(PAUSE)
    else return locked(lock, path, open)
  }
  return open() // what holds the lock is no starting server: nothing is taken
}

// From here to the closing of the lock nothing else of this process runs.
function locked<T>(lock: number, path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (lock < 0 || (error as ErrnoError).code !== 'EADDRINUSE' || !removeStale(path)) throw error
    return open()
  } finally {
    if (lock >= 0) close(lock)
  }
}

// A name that one process can have at a time, and that its end frees: an abstract socket's. -1: there is no such folder, or no descriptor.
function lockOf(path: string): number | 'held' {
  let fd = -1
  try {
    const { dev, ino } = statSync(dirname(path), { bigint: true })
    fd = socket(AF_UNIX, SOCK_STREAM)
    bind(fd, { family: AF_UNIX, path: `\0posix-async/starts/${dev}:${ino}` })
    return fd
  } catch (error) {
    if (fd >= 0) close(fd)
    return (error as ErrnoError).code === 'EADDRINUSE' ? 'held' : -1
  }
}

function removeStale(path: string): boolean {
  const file = fileAt(path)
  if (file === undefined || !refuses(path) || isBound(path, file) || fileAt(path) !== file) return false
  try {
    unlinkSync(path)
    return true
  } catch {
    return false // another user's, in a folder where only its owner may remove it
  }
}

// ECONNREFUSED alone says that nothing listens: a full queue (EAGAIN), a socket of another type (EPROTOTYPE), no right to write (EACCES) do not.
function refuses(path: string): boolean {
  const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK)
  try {
    connect(fd, { family: AF_UNIX, path })
    return false
  } catch (error) {
    return (error as ErrnoError).code === 'ECONNREFUSED'
  } finally {
    close(fd)
  }
}

// A program that has bound the socket and is about to listen refuses too. A relative name is of a folder that is not known: it may be this one.
// Where that is not to be read, connect(2) alone decides.
function isBound(path: string, file: string): boolean {
  return (boundUnixSockets() ?? [])
    .filter((one) => !one.isConnected && basename(one.path) === basename(path))
    .some((one) => !isAbsolute(one.path) || fileAt(one.path) === file)
}
