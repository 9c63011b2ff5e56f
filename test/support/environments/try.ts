// One environment, tried: every promise of docs/fork.md by its name, and a short stress.
import { spawn } from 'node:child_process'
import { root } from '../compile.js'
import type { Environment } from './list.js'

interface End {
  stdout: string
  stderr: string
  code: number | null
  hung: boolean
}

function run(environment: Environment, program: string, args: string[], timeout: number): Promise<End> {
  const { under = [], nodeArgs = [], env = {}, node = process.execPath } = environment
  const [command, ...rest] = [...under, node, ...nodeArgs, `${root}dist/${program}`, ...args]
  return new Promise((resolve) => {
    const end: End = { stdout: '', stderr: '', code: null, hung: false }
    const child = spawn(command!, rest, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    child.stdout.on('data', (text: Buffer) => (end.stdout += text))
    child.stderr.on('data', (text: Buffer) => (end.stderr += text))
    const timer = setTimeout(() => {
      end.hung = true
      process.kill(-child.pid!, 'SIGKILL')
    }, timeout)
    child.on('error', (error) => (end.stderr += `${error}`))
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ ...end, code })
    })
  })
}

const lastWords = ({ stderr, code, hung }: End): string =>
  hung
    ? 'it hung'
    : (stderr.split('\n').find((line) => /Error|posix-async:/.test(line)) ?? `it ended with ${code}`).trim()

/** By promise: undefined where it is kept, or the code and reason that a program gets. */
export async function tryPromises(
  environment: Environment,
  names: string[],
): Promise<Record<string, string | undefined>> {
  const end = await run(environment, 'lib/cli/checks/fork-promises.js', [], 90_000)
  const told = new Map<string, string | undefined>()
  for (const line of end.stdout.split('\n').filter((text) => text.startsWith('{'))) {
    const { name, wrong } = JSON.parse(line) as { name: string; wrong?: string }
    told.set(name, wrong)
  }
  return Object.fromEntries(names.map((name) => [name, told.has(name) ? told.get(name) : lastWords(end)]))
}

/** Undefined where all was well. */
export async function tryStress(environment: Environment, forks: number): Promise<string | undefined> {
  const end = await run(environment, 'test/fixtures/fork-stress.js', [`--forks=${forks}`], 120_000)
  const line = end.stdout.trim().split('\n').at(-1) ?? ''
  if (!line.startsWith('{') || !line.includes('"wrong"')) return lastWords(end)
  const { wrong, repeats } = JSON.parse(line) as { wrong: unknown[]; repeats: number }
  return wrong.length + repeats === 0 ? undefined : `${wrong.length} of ${forks} wrong, ${repeats} numbers repeat`
}
