// Threads on the start routines of test/fixtures/routines.c, for the fixtures about pthread.h.
import { readdirSync } from 'node:fs'
import { native, pthread_create, pthread_joinSync } from 'posix-async/posix'
import { errorOf } from './error-of.js'

/** The shared object of routines.c: the last argument. */
export const library = process.argv[3] ?? ''
export const routine = (symbol: string) => native(library, symbol)
export const start = (symbol: string, arg: number | string | Uint8Array = 0) => pthread_create(routine(symbol), arg)
/** What it returns. */
export const ask = (symbol: string, arg = 0) => pthread_joinSync(start(symbol, arg))

/** The code of what a call throws. */
export const codeOf = (call: () => unknown): string | undefined => errorOf(call).code
/** How many threads the kernel has of this process. */
export const tasks = (): number => readdirSync('/proc/self/task').length
