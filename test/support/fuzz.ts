// npm run fuzz [-- --seed N] [--time SECONDS]: every function of posix-async/posix with hostile values, a process after the other, each
// with a seed of its own. Prints what went wrong with the seed that does it again; exits with 1 then. A signal, a hang, an error without a code and
// a descriptor that is left behind are wrong.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { stacks } from './stacks.js'

const program = join(process.cwd(), 'dist/test/fixtures/fuzz.js')

export interface FuzzEnd {
  readonly seed: number
  readonly rounds: number
  readonly calls: number
  /** Exports that were not called. */
  readonly missing: readonly string[]
  readonly faults: readonly string[]
}

/**
 * One process of random calls.
 * @param milliseconds how long it goes on; it is killed when it takes much longer
 */
export function fuzz(seed: number, milliseconds: number, patience = 30_000): Promise<FuzzEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-fuzz-'))
  const trace = join(folder, 'trace')
  const args = ['--expose-gc', program, String(seed), String(milliseconds), trace]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    let output = ''
    let complaints = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk))
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk))
    let where = ''
    const timer = setTimeout(() => {
      where = stacks(child.pid!)
      process.kill(-child.pid!, 'SIGKILL')
    }, milliseconds + patience)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      const last = existsSync(trace) ? readFileSync(trace, 'utf8').trim() : 'before the first call'
      rmSync(folder, { recursive: true })
      const line = output.trimEnd().split('\n').at(-1) ?? ''
      if (code === 0 && line.startsWith('{')) resolve({ seed, ...(JSON.parse(line) as Omit<FuzzEnd, 'seed'>) })
      else {
        const how = where ? `hung\n${where}` : `ended by ${signal ?? code}\n${complaints}`
        resolve({ seed, rounds: 0, calls: 0, missing: [], faults: [`${last}: ${how}`] })
      }
    })
  })
}

async function main(): Promise<void> {
  const options = { seed: { type: 'string' }, time: { type: 'string' } } as const
  const { values } = parseArgs({ options })
  const first = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  const end = performance.now() + Number(values.time ?? 60) * 1000
  let calls = 0
  for (let seed = first; performance.now() < end; seed++) {
    const found = await fuzz(seed, Math.min(10_000, Math.max(0, end - performance.now())))
    calls += found.calls
    for (const fault of found.faults) console.log(`seed ${seed}: ${fault}`)
    if (found.faults.length > 0) process.exitCode = 1
  }
  console.log(`${calls} calls from seed ${first} on`)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
