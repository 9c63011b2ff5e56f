// Compiles C and C++ for a test, into a folder of its own that the test removes.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's own folder, from test/ and from dist/test/ alike; with a slash behind it. */
export const root = (() => {
  let folder = fileURLToPath(new URL('..', import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = join(folder, '..', '/')
  return folder
})()

export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'posix-async-compile-'))

  #compile(compiler: string, output: string, args: string[]): string {
    const path = join(this.folder, output)
    const all = ['-Wall', '-Wextra', '-Werror', '-I', 'include', '-I', 'native', '-D_GNU_SOURCE', ...args]
    execFileSync(compiler, [...all, '-o', path], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 })
    return path
  }

  /** Makes a shared object of C sources (paths from the repository's root); gives its path. */
  sharedObject(name: string, sources: string[]): string {
    return this.#compile('cc', name, ['-O2', '-shared', '-fPIC', ...sources])
  }

  /** The same of source text. */
  sharedObjectOf(name: string, text: string): string {
    const source = join(this.folder, `${name}.c`)
    writeFileSync(source, text)
    return this.sharedObject(name, [source])
  }

  /** Makes a C program of sources. */
  executable(name: string, sources: string[]): string {
    return this.#compile('cc', name, ['-O2', ...sources])
  }

  /** Makes a C++ program of sources and the core files it tests, with the `flags` given. */
  program(name: string, sources: string[], flags: string[] = []): string {
    const common = ['-std=c++17', '-g', '-O1', '-fno-exceptions', ...flags]
    return this.#compile('c++', name, [...common, ...sources, '-ldl', '-lpthread'])
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Whether the compiler's run-time library for -fsanitize=`name` is installed and works. */
export function sanitizerWorks(name: string): boolean {
  const workshop = new Workshop()
  try {
    const source = join(workshop.folder, 'nothing.cc')
    writeFileSync(source, 'int main() { return 0; }\n')
    execFileSync(workshop.program('nothing', [source], [`-fsanitize=${name}`]), { timeout: 30_000 })
    return true
  } catch {
    return false
  } finally {
    workshop[Symbol.dispose]()
  }
}
