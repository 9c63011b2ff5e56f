// spawn.h: another program as a child, without a copy of this one; which descriptors it has is said one by one.
import { check, invalidArgType, invalidArgValue } from '../errors.js'
import { constant, native, type PathName } from '../native.js'
import { asFd, asInteger, asList, asPathName, INT_MAX, shownPath } from './internal/arguments.js'
import { refuseUnknown } from './internal/known-options.js'
import { asArguments, asEnvironment, type Environment } from './internal/program.js'
import { asSignalSet, type Signal } from './internal/signal-set.js'

export const POSIX_SPAWN_RESETIDS = constant('POSIX_SPAWN_RESETIDS')
export const POSIX_SPAWN_SETPGROUP = constant('POSIX_SPAWN_SETPGROUP')
export const POSIX_SPAWN_SETSIGDEF = constant('POSIX_SPAWN_SETSIGDEF')
export const POSIX_SPAWN_SETSIGMASK = constant('POSIX_SPAWN_SETSIGMASK')
export const POSIX_SPAWN_SETSID = constant('POSIX_SPAWN_SETSID')

/** What is done in the child before the program begins, in order. */
export type FileAction =
  /** `to` is another number for this process's `fd`, and not close-on-exec; `to` may be `fd` itself. */
  | { readonly dup2: readonly [fd: number, to: number] }
  | { readonly close: number }
  /** Opens a file under number `fd`. */
  | { readonly open: { readonly fd: number; readonly path: PathName; readonly flags?: number; readonly mode?: number } }
  | { readonly chdir: PathName }
  | { readonly fchdir: number }

/** What the program begins with. */
export interface SpawnAttributes {
  /** POSIX_SPAWN_RESETIDS, POSIX_SPAWN_SETSID (a session of its own); what follows is meant by being given. */
  readonly flags?: number
  /** The process group to join; 0: one of its own. */
  readonly pgroup?: number
  /** Signals that it blocks (default: none, whatever this thread blocks). */
  readonly sigmask?: Iterable<Signal>
  /** Signals that are to do what they do by default (default: SIGPIPE, which Node ignores). */
  readonly sigdefault?: Iterable<Signal>
}

const CLOSE = 0
const DUP2 = 1
const OPEN = 2
const CHDIR = 3
const FCHDIR = 4

interface Encoded {
  readonly numbers: readonly [kind: number, number, number, number]
  readonly path?: PathName
}

function encode(action: unknown, name: string): Encoded {
  if (typeof action !== 'object' || action === null) throw invalidArgType(name, 'of type object', action)
  const { dup2, close, open, chdir, fchdir } = action as Record<string, unknown>
  if (dup2 !== undefined) {
    const [fd, to] = asList(`${name}.dup2`, dup2, asFd, 2)
    return { numbers: [DUP2, asFd(fd, `${name}.dup2[0]`), asFd(to, `${name}.dup2[1]`), 0] }
  }
  if (close !== undefined) return { numbers: [CLOSE, asFd(close, `${name}.close`), 0, 0] }
  if (open !== undefined) return encodeOpen(open, `${name}.open`)
  if (chdir !== undefined) return { numbers: [CHDIR, 0, 0, 0], path: asPathName(chdir, `${name}.chdir`) }
  if (fchdir !== undefined) return { numbers: [FCHDIR, asFd(fchdir, `${name}.fchdir`), 0, 0] }
  throw invalidArgValue(name, 'must have one of dup2, close, open, chdir and fchdir', action)
}

function encodeOpen(open: unknown, name: string): Encoded {
  if (typeof open !== 'object' || open === null) throw invalidArgType(name, 'of type object', open)
  const { fd, path, flags = 0, mode = 0o666 } = open as Record<string, unknown>
  const [number, how] = [asFd(fd, `${name}.fd`), asInteger(`${name}.flags`, flags)]
  return { numbers: [OPEN, number, how, asInteger(`${name}.mode`, mode, 0, 0o7777)], path: asPathName(path, name) }
}

function encodeAttributes(attributes: unknown): [Int32Array, BigUint64Array] {
  if (typeof attributes !== 'object' || attributes === null) {
    throw invalidArgType('attributes', 'of type object', attributes)
  }
  refuseUnknown(attributes, ['flags', 'pgroup', 'sigmask', 'sigdefault'])
  const { flags = 0, pgroup, sigmask = [], sigdefault = ['SIGPIPE'] } = attributes as SpawnAttributes
  const known = POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETSID
  if ((asInteger('attributes.flags', flags) & ~known) !== 0) {
    throw invalidArgValue('attributes.flags', 'must be of POSIX_SPAWN_RESETIDS and POSIX_SPAWN_SETSID', flags)
  }
  const group = pgroup === undefined ? 0 : asInteger('attributes.pgroup', pgroup, 0, INT_MAX)
  const given = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (pgroup === undefined ? 0 : POSIX_SPAWN_SETPGROUP)
  const sets = [asSignalSet(sigmask, 'attributes.sigmask'), asSignalSet(sigdefault, 'attributes.sigdefault')]
  return [Int32Array.of(flags | given, group), BigUint64Array.from(sets, (set) => set[0]!)]
}

/**
 * Starts a program as a child. It has of this process's descriptors 0, 1 and 2 and those that are not close-on-exec; `fileActions` give it
 * others. Wait for it by `waitpid` or `waitpidAsync`. Works in a Worker too. Blocks the calling thread until the program has begun.
 *
 * @param path the program
 * @param fileActions what is done to the child's descriptors before, in order; null: nothing
 * @param attributes its session, process group and signals; null: its parent's, with nothing blocked
 * @param argv its arguments, the first of which is its own name
 * @param envp its environment (default: `process.env` as it is now)
 * @returns the child's number
 * @throws ErrnoError EACCES, ENOENT, ENOEXEC ... also of an action (EBADF), with `path`; EAGAIN, ENOMEM; ERR_INVALID_ARG_TYPE,
 *   ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_SIGNAL. No child is left then
 * @see man 3 posix_spawn
 */
export function posix_spawn(
  path: PathName,
  fileActions: readonly FileAction[] | null,
  attributes: SpawnAttributes | null,
  argv: readonly PathName[],
  envp?: Environment,
): number {
  return spawn('posix_spawn', path, false, fileActions, attributes, argv, envp)
}

/** As posix_spawn; a `file` without a slash is looked for in the folders of this process's PATH. @see man 3 posix_spawnp */
export function posix_spawnp(
  file: PathName,
  fileActions: readonly FileAction[] | null,
  attributes: SpawnAttributes | null,
  argv: readonly PathName[],
  envp?: Environment,
): number {
  return spawn('posix_spawnp', file, true, fileActions, attributes, argv, envp)
}

function spawn(
  syscall: string,
  path: PathName,
  searches: boolean,
  fileActions: unknown,
  attributes: unknown,
  argv: unknown,
  envp: unknown,
): number {
  const file = asPathName(path)
  const actions = asList('fileActions', fileActions ?? [], encode, 4096)
  const paths = actions.flatMap((action) =>
    action.path === undefined ? [] : [Buffer.from(action.path), Buffer.alloc(1)],
  )
  const numbers = Int32Array.from(actions.flatMap((action) => [...action.numbers]))
  const [how, sets] = encodeAttributes(attributes ?? {})
  const [list, environment] = [asArguments(argv), asEnvironment(envp)]
  const names = Buffer.concat(paths)
  const pid = native.posix_spawn(file, searches, numbers, names, how, sets, list, environment)
  return check(pid, syscall, { path: shownPath(file) })
}
