// What --handler means: one of the lesson's two, native code, or a file of the user's.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Handler, native } from 'posix-async'
import { echo, fibonacci } from './lesson-handlers.js'
import { EXIT, Failure, messageOf } from './failure.js'

const lesson = new Map<string, Handler>([
  ['fibonacci', fibonacci],
  ['echo', echo],
])

const NATIVE = /^native:(.+)$/

let loads = 0

// Each time anew: a file that has changed is another module by its query.
async function defaultExport(file: string): Promise<Handler> {
  const { href } = pathToFileURL(resolve(file))
  const query = loads++ === 0 ? '' : `?reload=${loads}`
  let module: { default?: Handler }
  try {
    module = (await import(href + query)) as { default?: Handler }
  } catch (error) {
    throw new Failure(`${file} could not be loaded: ${messageOf(error)}`, EXIT.app)
  }
  if (module.default !== undefined) return module.default
  throw new Failure(`${file} has no default export; it must be the handler`, EXIT.app)
}

/** The handler of that name, or the one that a file holds. */
export async function handlerNamed(name: string): Promise<Handler> {
  const known = lesson.get(name)
  if (known) return known
  const [, nativeName] = NATIVE.exec(name) ?? []
  if (nativeName !== undefined) return native(nativeName)
  if (!existsSync(name)) {
    const names = 'fibonacci, echo, native:fibonacci, native:echo'
    throw new Failure(`no handler "${name}": it is one of ${names}, or a file, and there is no such file`, EXIT.usage)
  }
  return name.endsWith('.so') ? native(resolve(name)) : defaultExport(name)
}
