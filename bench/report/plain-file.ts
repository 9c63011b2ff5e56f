// Files that are written under their own name: not through a symbolic link, nor into one that has another name too. Either could lead what
// is written by root, in a folder that others may write to, into a file of root's. See: man 2 open (O_NOFOLLOW).
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, mkdirSync, openSync, writeFileSync } from 'node:fs'

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW

/** The folder, made where there is none. @throws ELOOP, with `path`, where it is a symbolic link; what mkdir does */
export function makePlainFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  if (lstatSync(folder).isSymbolicLink()) throw isLink(folder, 'a symbolic link')
}

/** Writes the whole file anew. @throws ELOOP where it is a link; what opening and writing do */
export function writePlainFile(file: string, text: string): void {
  const fd = openSync(file, FLAGS, 0o666)
  try {
    const found = fstatSync(fd)
    if (found.isFile() && found.nlink > 1) throw isLink(file, 'one file under several names')
    if (found.isFile()) ftruncateSync(fd)
    writeFileSync(fd, text)
  } finally {
    closeSync(fd)
  }
}

const isLink = (path: string, what: string): Error =>
  Object.assign(new Error(`ELOOP: ${path} is ${what}, which is not written to`), { code: 'ELOOP', path })
