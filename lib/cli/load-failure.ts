// Why a handler's file could not be loaded, with the line that is at fault, and what helps where it is TypeScript.
import { spawnSync } from 'node:child_process'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXIT, Failure, messageOf } from './failure.js'

// Where the error was thrown, in a file of the user's.
const frame = /^ {4}at .*?(file:\/\/\/[^\s)]*?)(?:\?[^:)]*)?:(\d+)(?::\d+)?\)?$/m

// Node tells where the syntax is wrong only to the terminal: a Node of its own is given the file, which it cannot run.
function syntaxPlace(href: string): RegExpExecArray | null {
  const program = `await import(${JSON.stringify(href)})`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 10_000,
  })
  return /^(file:\/\/\/\S+?):(\d+)$/m.exec(stderr)
}

function placeOf(error: unknown, href: string): string {
  if (!(error instanceof Error)) return ''
  const found = frame.exec(error.stack ?? '') ?? (error instanceof SyntaxError ? syntaxPlace(href) : null)
  return found ? ` (${relative('', fileURLToPath(found[1]!))}:${found[2]})` : ''
}

const TYPESCRIPT =
  'this Node.js runs no TypeScript by itself: take 22.18 or later, compile the file, or start Node with a loader of it (NODE_OPTIONS="--import tsx")'

const isTypeScript = (file: string, error: unknown): boolean =>
  /\.[mc]?ts$/.test(file) && (error as NodeJS.ErrnoException | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION'

/** What `import(href)` of `file` has thrown, as a user is told of it. */
export function loadFailure(file: string, href: string, error: unknown): Failure {
  const why = isTypeScript(file, error) ? TYPESCRIPT : `${messageOf(error)}${placeOf(error, href)}`
  return new Failure(`${file} could not be loaded: ${why}`, EXIT.app)
}
