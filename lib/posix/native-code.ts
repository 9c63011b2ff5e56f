// Native code by its name or by the shared object that has it: what native servers and threads are given to run.
import { resolve } from 'node:path'
import { invalidArgType, invalidArgValue } from '../errors.js'

/** Native code, which never enters JavaScript: a connection's handler (include/posix_async.h), or a thread's start routine. */
export class NativeCode {
  /** A built-in name, or the absolute path of a shared object. */
  readonly name: string
  /** The function of the shared object that a thread starts with; undefined for a handler and for what is built in. */
  readonly symbol: string | undefined

  constructor(name: string, symbol?: string) {
    this.name = name
    this.symbol = symbol
  }
}

/**
 * Native code: with one argument a connection's handler, with two a start routine for pthread_create. Nothing is loaded before it is used.
 *
 * @param nameOrPath 'echo' or 'fibonacci', which are built in, or the path of a shared object (a name with a slash or ending in '.so';
 *   relative to the working directory). A handler's exports a `posix_async_handler`
 * @param symbol the name of a function `void *(*)(void *)` of the shared object
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; what cannot be loaded makes its use fail (ERR_DLOPEN_FAILED)
 * @see man 3 dlopen, man 3 dlsym
 */
export function native(nameOrPath: string, symbol?: string): NativeCode {
  if (typeof nameOrPath !== 'string') throw invalidArgType('nameOrPath', 'of type string', nameOrPath)
  if (nameOrPath === '') throw invalidArgValue('nameOrPath', 'must not be empty', nameOrPath)
  if (symbol !== undefined && typeof symbol !== 'string') throw invalidArgType('symbol', 'of type string', symbol)
  const isPath = nameOrPath.includes('/') || nameOrPath.endsWith('.so')
  if (symbol !== undefined && !isPath)
    throw invalidArgValue('nameOrPath', 'must be the path of a shared object', nameOrPath)
  return new NativeCode(isPath ? resolve(nameOrPath) : nameOrPath, symbol)
}
