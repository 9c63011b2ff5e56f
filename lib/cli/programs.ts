// Programs of this machine: where the PATH has them, and which of them compile.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The file that a command name means, as a shell would find it. */
export function which(command: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = command.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => (folder ? join(folder, command) : command)).find(isExecutable)
}

const COMPILERS = { CC: ['cc', 'gcc', 'clang'], CXX: ['c++', 'g++', 'clang++'] }

/** The first compiler there is, as a command and its own arguments: what `variable` (CC: of C, CXX: of C++) says, or one of the PATH. */
export function findCompiler(
  env: NodeJS.ProcessEnv = process.env,
  variable: keyof typeof COMPILERS = 'CC',
): string[] | undefined {
  const wished = env[variable]?.trim()
  const candidates = wished ? [wished.split(/\s+/)] : COMPILERS[variable].map((name) => [name])
  return candidates.find(([command]) => which(command!, env) !== undefined)
}
