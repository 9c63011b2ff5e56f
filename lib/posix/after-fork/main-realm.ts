// Node's own realm. In a vm context, as Jest gives every test, the global object is another one and `process` is a copy; what Node itself
// looks at is in the realm that its modules come from.
import { EventEmitter } from 'node:events'

// A function of Node's own knows the constructor of functions of its realm. Where code from strings is refused there, nothing is known.
function mainGlobal(): typeof globalThis {
  const Constructor = EventEmitter.constructor as FunctionConstructor
  if (Constructor === Function) return globalThis
  try {
    return Constructor('return globalThis')() as typeof globalThis
  } catch {
    return globalThis
  }
}

/** The global object that Node's own modules and the inspector have. */
export const realGlobal = mainGlobal()

/** Node's own process object, and the copy that this package and its users have, where it is another one. */
export const processes: readonly NodeJS.Process[] = [...new Set([realGlobal.process ?? process, process])]

/** Node's own. */
export const realProcess: NodeJS.Process = processes[0]!
