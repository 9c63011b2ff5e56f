// What a program under test/fixtures is made of: named cases, one process a case, one JSON line on stdout, and the leak gate
// around each. The test beside it judges the result (see run-fixture.ts).
import { writeSync } from 'node:fs'
import { holdings, leaks } from './gate.js'

export interface Report {
  result?: unknown
  error?: { message: string; code?: unknown; stack?: string | undefined }
  leaks: string[]
}

export interface CaseOptions {
  /** Run first, outside the leak gate: what the runtime opens once and keeps (the thread pool, a watcher, a resolver). */
  warmUp?: () => unknown
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

// Closing is asynchronous in places (libuv closes handles on the next turn; a thread's exit is seen a moment later).
async function leaksAfter(before: ReturnType<typeof holdings>): Promise<string[]> {
  const deadline = Date.now() + 2000
  for (;;) {
    const left = leaks(before, holdings())
    if (left.length === 0 || Date.now() > deadline) return left
    await settle()
  }
}

function report(line: Report): void {
  writeSync(1, JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)) + '\n')
}

/** Runs the case named by the first argument of the command line. */
export async function cases(all: Record<string, () => unknown>, options: CaseOptions = {}): Promise<void> {
  const name = process.argv[2] ?? ''
  const body = all[name]
  if (!body) throw new Error(`no case "${name}"; there are ${Object.keys(all).join(', ')}`)
  const owner = process.pid
  await options.warmUp?.()
  await settle()
  const before = holdings()
  try {
    const result = await body()
    if (process.pid === owner) report({ result, leaks: await leaksAfter(before) })
  } catch (error) {
    const { message, code, stack } = error as Error & { code?: unknown }
    report({ error: { message, code, stack }, leaks: [] })
    process.exitCode = 1
  }
}
