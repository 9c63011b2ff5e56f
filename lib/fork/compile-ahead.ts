// Compiling ahead of a fork. V8 compiles a function when it is first called; what the parent never calls, each child would compile for
// itself, at a tenth of a millisecond a function. The debugger's protocol asks for every place of a file where a breakpoint could be,
// and V8 compiles all functions of the file to answer: what is compiled in the parent, all children have.
import { InspectorSession } from '../posix/after-fork/inspector-session.js'

const compiled = new Set<string>()

function scriptOf(session: InspectorSession, fn: unknown): string | undefined {
  const { internalProperties } = session.properties(session.idOf(fn))
  const location = internalProperties.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value
  return (location as { scriptId: string } | undefined)?.scriptId
}

/**
 * In the parent: compiles the files that these functions stand in, each once. Takes some milliseconds a file. Where Node is built without
 * the inspector nothing happens, and children compile for themselves.
 */
export function compileAhead(...functions: unknown[]): void {
  try {
    const session = new InspectorSession()
    const given = functions.filter((fn) => typeof fn === 'function')
    const scripts = new Set(given.map((fn) => scriptOf(session, fn)).filter((id) => id !== undefined))
    const missing = [...scripts].filter((id) => !compiled.has(id))
    if (missing.length > 0) session.post('Debugger.enable')
    for (const scriptId of missing) {
      session.post('Debugger.getPossibleBreakpoints', { start: { scriptId, lineNumber: 0, columnNumber: 0 } })
      compiled.add(scriptId)
    }
    session.close()
  } catch {
    // children compile for themselves
  }
}
