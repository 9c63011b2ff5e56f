// The parser of `fetch`: work of V8's that is the runtime's own, so that a child must have it, though what V8 has under way is dropped there.
//
// Node.js 20 and 22 compile the parser (WebAssembly) once, when the code of fetch is loaded; everything that fetches awaits that one promise.
// A child that was forked before it is settled begins the compilation anew, and settles the promise by that. Later versions compile when the
// first response is parsed, and wait for it.
import { inspect } from 'node:util'
import { native } from '../../native.js'
import { type InspectorSession, inspect as inspectThread } from './inspector-session.js'
import { readClosure } from './node-internals.js'

const MODULE = 'internal/deps/undici/undici'
const { fetch: ownFetch } = globalThis

type Compile = () => Promise<unknown>
/** The parser as it is being compiled. */
export interface Compilation {
  promise: Promise<unknown>
  /** Begins it anew. */
  again: Compile
}

const isPending = (promise: Promise<unknown>): boolean => inspect(promise, { depth: 0 }).includes('<pending>')

function scriptOf(session: InspectorSession, fn: unknown): string | undefined {
  const { internalProperties } = session.properties(session.idOf(fn))
  const location = internalProperties.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value
  return (location as { scriptId: string } | undefined)?.scriptId
}

// Nothing leads to the function but the call of it that is under way. A package of the program may have one of the same name.
function findCompile(session: InspectorSession, connect: unknown): Compile | undefined {
  const functions = session.instancesOf(Object.getPrototypeOf(async () => {})) as Compile[]
  const ofThatName = functions.filter(({ name }) => name === 'lazyllhttp')
  return ofThatName.find((fn) => scriptOf(session, fn) === scriptOf(session, connect))
}

// What connects a client of HTTP/1.1 awaits the promise.
function findCompilation(session: InspectorSession): Compilation | undefined {
  const { require } = readClosure<{ require: (id: string) => { fetch: unknown } }>(session, ownFetch, ['require'])
  const { fetch } = require(MODULE)
  const { require_client_h1 } = readClosure<{ require_client_h1: () => unknown }>(session, fetch, ['require_client_h1'])
  const connect = require_client_h1()
  const { llhttpPromise: promise } = readClosure<{ llhttpPromise?: Promise<unknown> | null }>(session, connect, [
    'llhttpPromise',
  ])
  if (!promise || !isPending(promise)) return undefined
  const again = findCompile(session, connect)
  return again && { promise, again }
}

function compilationUnderWay(): Compilation | undefined {
  try {
    return inspectThread(findCompilation)
  } catch {
    return undefined // built without the inspector, or with another fetch
  }
}

let compilation: Compilation | undefined
let isSettled = false
let modulesSeen = 0

function isLoaded(): boolean {
  const { moduleLoadList } = process as unknown as { moduleLoadList?: string[] }
  if (!moduleLoadList || moduleLoadList.length === modulesSeen) return false
  modulesSeen = moduleLoadList.length
  return moduleLoadList.includes(`NativeModule ${MODULE}`)
}

/** In the parent, before each fork: looks whether the parser is being compiled. Some milliseconds, once; some more where it is. */
export function findFetchParser(): void {
  if (isSettled || (!compilation && !isLoaded())) return
  compilation ??= compilationUnderWay()
  if (compilation && isPending(compilation.promise)) return
  isSettled = true
  compilation = undefined
}

/** In the child. What of the parent's awaits the parser stays silent. */
export function renewFetchParser(underWay: Compilation | null | undefined = compilation): void {
  if (!underWay) return
  const { promise, again } = underWay
  native.silencePromise(promise)
  const anew = again()
  const settle = (): void => void (isPending(promise) && native.settlePromise(promise, anew))
  anew.then(settle, settle)
}
