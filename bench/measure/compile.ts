// Compiles the C programs of bench/ on first use, into a cache that survives until their sources change.
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findCompiler } from 'posix-async/command'
import { benchFolder, libraryFolder } from './paths.js'

/** The C programs: the peers, one a model; handlers as shared objects; the load generator; what measures a fork; what asks for an io_uring. */
export const PROGRAMS = [
  ...(['iterative', 'fork', 'prefork', 'thread', 'thread-pool', 'epoll', 'io-uring'] as const),
  ...(['think-handler', 'upload-handler', 'load', 'fork-cost', 'io-uring-probe'] as const),
] as const

export type Program = (typeof PROGRAMS)[number]

const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-pthread', '-D_GNU_SOURCE']
const LIBRARY = ['-shared', '-fPIC', '-I', join(libraryFolder, 'include')]

export interface CompileOptions {
  /** More flags for the compiler (default none). */
  flags?: readonly string[]
  /** Where the programs go (default: build/ of the package, or the user's cache folder where that can't be written). */
  folder?: string
  /** The environment: CC, PATH, XDG_CACHE_HOME (default process.env). */
  env?: NodeJS.ProcessEnv
}

function sourcesOf(program: Program): string[] {
  if (program !== 'load') return [join(benchFolder, 'c', `${program}.c`)]
  const folder = join(benchFolder, 'load')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(folder, name))
}

// What the program depends on; a change of any of it gives the program another name in the cache.
function digest(sources: readonly string[], command: readonly string[]): string {
  const hash = createHash('sha256').update(command.join('\0'))
  const folders = new Set(sources.map((file) => join(file, '../..')))
  const headers = [...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.h'))
      .map((name) => join(folder, name)),
  )
  for (const file of [...sources, ...headers]) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 12)
}

function writable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Where what is made once is kept: build/ of the package, or the user's cache folder where that can't be written. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const own = join(benchFolder, 'build')
  const users = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'posix-async')
  const found = [own, users].find(writable)
  if (!found) throw new Error(`no folder to put the compiled C programs in: neither ${own} nor ${users} can be written`)
  return found
}

function run(command: string, args: readonly string[], what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: 60_000 }, (error, _stdout, stderr) => {
      if (error) reject(new Error(`${what} could not be compiled with ${command}:\n${stderr || error.message}`))
      else resolve()
    })
  })
}

/**
 * Compiles a C program unless that has been done, and gives its path. Several processes may do so at once.
 *
 * @throws Error where there is no compiler, no folder that can be written, or the compiler refuses
 */
export async function compile(program: Program, options: CompileOptions = {}): Promise<string> {
  const { flags = [], env = process.env } = options
  const compiler = findCompiler(env)
  if (!compiler) {
    const wished = env['CC'] ? `CC is "${env['CC']}", which is not there` : 'none of cc, gcc, clang is there'
    throw new Error(
      `a C compiler is needed for "${program}", and ${wished}; install one (Debian: apt install gcc libc6-dev)`,
    )
  }
  const sources = sourcesOf(program)
  const command = [...compiler, ...FLAGS, ...(program.endsWith('-handler') ? LIBRARY : []), ...flags]
  const suffix = program.endsWith('-handler') ? '.so' : ''
  const target = join(options.folder ?? cacheFolder(env), `${program}-${digest(sources, command)}${suffix}`)
  if (existsSync(target)) return target
  const draft = `${target}.${randomUUID()}`
  try {
    await run(command[0]!, [...command.slice(1), ...sources, '-o', draft, '-lm'], `"${program}"`)
    renameSync(draft, target)
  } finally {
    rmSync(draft, { force: true })
  }
  return target
}
