// What vitest, a template and its children tell each other: vitest's own messages, and the template's commands around them.

/** A message between vitest and a worker of its: a request, its response, or a call of birpc's. */
export type WorkerMessage = Readonly<Record<string, unknown>>

export type Command =
  | { readonly kind: 'warm'; readonly requests: readonly WorkerMessage[] }
  | { readonly kind: 'preload'; readonly urls: readonly string[] }
  | { readonly kind: 'rpc'; readonly message: WorkerMessage }
  | { readonly kind: 'fork'; readonly id: number; readonly poolId: number }
  | { readonly kind: 'kill'; readonly id: number; readonly signal: NodeJS.Signals }

export type TemplateReport =
  | { readonly kind: 'warm' }
  /** Those that cannot be loaded before the file that asks for them: they failed, or set hooks for the file that loads them. */
  | { readonly kind: 'preloaded'; readonly unfit: readonly string[] }
  | { readonly kind: 'rpc'; readonly message: WorkerMessage }
  | { readonly kind: 'forked'; readonly id: number; readonly pid: number }
  | {
      readonly kind: 'ended'
      readonly id: number
      readonly code: number | null
      readonly signal: NodeJS.Signals | null
      readonly message: string | undefined
    }

export const isRequest = (message: WorkerMessage): boolean => message['__vitest_worker_request__'] === true
export const isResponse = (message: WorkerMessage): boolean => message['__vitest_worker_response__'] === true
/** A call of birpc's that wants an answer, or an event. */
export const isCall = (message: WorkerMessage): boolean => message['t'] === 'q'

// What a worker must be told to load anything. All else of a template are reports, of a file that is not run there.
const ofUse = new Set([
  'fetch',
  'resolve',
  'transform',
  'resolveMocks',
  'ensureModuleGraphEntry',
  'resolveSnapshotPath',
])

export const isOfUse = (call: WorkerMessage): boolean => ofUse.has(String(call['m']))

export const answerTo = (call: WorkerMessage): WorkerMessage => ({ t: 's', i: call['i'], r: undefined })

export const response = (type: string, more: object = {}): WorkerMessage => ({
  type,
  __vitest_worker_response__: true,
  ...more,
})

const DEPENDENCY = /[\\/]node_modules[\\/]/

/** The address of a dependency that vitest has told a worker to load by itself, in what it answers a worker's `fetch`. */
export function dependencyIn(message: WorkerMessage): string | undefined {
  const result = message['t'] === 's' ? (message['r'] as { externalize?: unknown } | null | undefined) : undefined
  const url = result?.externalize
  return typeof url === 'string' && url.startsWith('file:') && DEPENDENCY.test(url) ? url : undefined
}
