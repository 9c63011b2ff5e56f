// npx posix-async build: compiles the addon on this machine, where the package has no binary that fits it.
import { execFile } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { whole } from './arguments.js'
import { nodeHeaders } from './compile/headers.js'
import { addonFile, addonFolder, readRecipe, type Recipe } from './compile/recipe.js'
import { Failure } from './failure.js'
import { findCompiler } from './programs.js'

interface Options {
  force?: boolean
  jobs: number
}

function compilerOrFailure(): string[] {
  const compiler = findCompiler(process.env, 'CXX')
  if (compiler !== undefined) return compiler
  const wished = process.env['CXX']
    ? `CXX is "${process.env['CXX']}", which is not there`
    : 'none of c++, g++, clang++ is there'
  throw new Failure(
    `a C++ compiler is needed, and ${wished}; install one (Debian: apt install g++; Fedora: dnf install gcc-c++)`,
  )
}

function refuseElsewhere(): void {
  if (process.platform !== 'linux')
    throw new Failure(`posix-async works on Linux only, and this is ${process.platform}`)
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  if (header.glibcVersionRuntime === undefined) {
    throw new Failure('posix-async needs the GNU C library, and this system has another one (musl, as Alpine Linux)')
  }
}

function makeFolder(): void {
  try {
    mkdirSync(addonFolder, { recursive: true })
    accessSync(addonFolder, constants.W_OK)
  } catch (error) {
    throw new Failure(`${addonFolder} can't be written: ${(error as Error).message}`)
  }
}

// What the compiler says goes to the user as it is.
function run(command: readonly string[], args: readonly string[], folder: string, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const all = [...command.slice(1), ...args]
    execFile(command[0]!, all, { cwd: folder, maxBuffer: 2 ** 24 }, (error, _stdout, stderr) => {
      if (error)
        reject(new Failure(`${what} could not be compiled with ${command.join(' ')}:\n${stderr || error.message}`))
      else resolve()
    })
  })
}

// On a terminal one line that changes, elsewhere a line for every tenth of the work.
function tellProgress(done: number, total: number, what: string): void {
  const line = `[${done}/${total}] ${what}`
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}${done === total ? '\n' : ''}`)
  else if (done === total || done % Math.ceil(total / 10) === 0) process.stderr.write(`${line}\n`)
}

// Several sources at a time; the first that fails ends all.
async function compileAll(
  { sources, folder, compile }: Recipe,
  compiler: string[],
  into: string,
  jobs: number,
): Promise<string[]> {
  const objects = sources.map((_, index) => join(into, `${index}.o`))
  let [next, done] = [0, 0]
  const work = async (): Promise<void> => {
    for (let at = next++; at < sources.length; at = next++) {
      const source = sources[at]!
      try {
        await run(compiler, [...compile, '-c', source, '-o', objects[at]!], folder, source)
      } catch (error) {
        next = sources.length
        throw error
      }
      tellProgress(++done, sources.length + 1, source)
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: jobs }, work))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return objects
}

async function works(): Promise<boolean> {
  try {
    const { getppid } = await import('posix-async/posix')
    return getppid() === process.ppid
  } catch {
    return false
  }
}

async function build({ force, jobs }: Options): Promise<void> {
  refuseElsewhere()
  if (!force && (await works())) {
    process.stdout.write('There is a binary that works here already; --force compiles another one.\n')
    return
  }
  const compiler = compilerOrFailure()
  const recipe = readRecipe(nodeHeaders())
  makeFolder()
  const objects = mkdtempSync(join(tmpdir(), 'posix-async-build-'))
  const draft = join(addonFolder, `posix_async.${process.pid}.draft`)
  try {
    const files = await compileAll(recipe, compiler, objects, jobs)
    await run(compiler, [...files, '-o', draft, ...recipe.link], recipe.folder, 'the addon')
    renameSync(draft, addonFile)
  } finally {
    rmSync(objects, { recursive: true, force: true })
    rmSync(draft, { force: true })
  }
  tellProgress(recipe.sources.length + 1, recipe.sources.length + 1, 'linked')
  process.stdout.write(`${addonFile}\n`)
}

export function addBuild(program: Command): void {
  program
    .command('build')
    .description('compile the native addon on this machine, where the package has no binary that fits')
    .option('-f, --force', 'also where there is one that works')
    .option('-j, --jobs <n>', 'compilers at once', whole(1, 9999), availableParallelism())
    .addHelpText('after', '\nExit codes: 0 there is a binary that works, 1 it could not be made, 2 wrong usage\n')
    .action(build)
}
