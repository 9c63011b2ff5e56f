// What --handler means: one of the lesson's two, native code, or a file of the user's.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Handler, native } from 'posix-async'
import { echo, fibonacci } from './lesson-handlers.js'
import { EXIT, Failure } from './failure.js'
import { loadFailure } from './load-failure.js'

const lesson = new Map<string, Handler>([
  ['fibonacci', fibonacci],
  ['echo', echo],
])

const NATIVE = /^native:(.+)$/

let loads = 0

// What a model can serve with it says itself; what none can is no handler.
function asHandler(file: string, value: unknown): Handler {
  if (typeof value === 'function' || (typeof value === 'object' && value !== null)) return value as Handler
  throw new Failure(`the default export of ${file} is of type ${typeof value}; it must be the handler`, EXIT.app)
}

// Each time anew: a file that has changed is another module by its query.
async function defaultExport(file: string): Promise<Handler> {
  const { href } = pathToFileURL(resolve(file))
  const query = loads++ === 0 ? '' : `?reload=${loads}`
  let module: { default?: Handler }
  try {
    module = (await import(href + query)) as { default?: Handler }
  } catch (error) {
    throw loadFailure(file, href, error)
  }
  if (module.default === undefined) throw new Failure(`${file} has no default export; it must be the handler`, EXIT.app)
  return asHandler(file, module.default)
}

/** The handler of that name, or the one that a file holds. */
export async function handlerNamed(name: string): Promise<Handler> {
  const known = lesson.get(name)
  if (known) return known
  const [, nativeName] = NATIVE.exec(name) ?? []
  if (nativeName !== undefined) return native(nativeName)
  if (!existsSync(name)) {
    const names = 'fibonacci, echo, native:fibonacci, native:echo'
    throw new Failure(`no handler "${name}": it is one of ${names}, or a file, and there is no such file`, EXIT.app)
  }
  return name.endsWith('.so') ? native(resolve(name)) : defaultExport(name)
}
