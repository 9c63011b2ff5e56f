// What npm pack makes, installed into an empty project as npm install would do it: offline, the dependencies are links to those of this tree.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Manifest {
  name: string
  version: string
  bin: Record<string, string>
  dependencies: Record<string, string>
}

export const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

export const run = (file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string =>
  execFileSync(file, args, {
    cwd,
    encoding: 'utf8',
    timeout: 280_000,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  })

/** An empty project with packages in its node_modules. */
export class Project implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'posix-async-pack-'))
  readonly modules = join(this.folder, 'node_modules')

  /** The last that was packed. */
  tarball = ''

  constructor() {
    mkdirSync(join(this.modules, '.bin'), { recursive: true })
    this.write('package.json', '{ "name": "empty", "private": true, "type": "module" }\n')
  }

  /** Packs what is in `source` and unpacks it here, with its commands; gives the paths in the tarball. */
  install(source: string): string[] {
    // The addon and the programs are those that the tests run with: packing does not build them again.
    const args = ['pack', '--ignore-scripts', '--offline', '--json', '--pack-destination', this.folder]
    const [packed] = JSON.parse(run('npm', args, source)) as {
      name: string
      filename: string
      files: { path: string }[]
    }[]
    this.tarball = join(this.folder, packed!.filename)
    run('tar', ['-xzf', this.tarball, '-C', this.folder], this.folder)
    const folder = join(this.modules, packed!.name)
    renameSync(join(this.folder, 'package'), folder)
    for (const [command, file] of Object.entries(manifestOf(folder).bin)) {
      chmodSync(join(folder, file), 0o755)
      symlinkSync(join(folder, file), join(this.modules, '.bin', command))
    }
    return packed!.files.map(({ path }) => path)
  }

  /** Packages of this tree, as links. */
  link(...names: string[]): void {
    for (const name of names) {
      mkdirSync(dirname(join(this.modules, name)), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), join(this.modules, name))
    }
  }

  write(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text)
    return join(this.folder, name)
  }

  /** What the program prints. */
  node(args: readonly string[], env?: NodeJS.ProcessEnv): string {
    return run(process.execPath, args, this.folder, env)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}

// What packing reads: all that `files` of package.json names, and what pack:native takes.
const PACKED = [
  ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs', 'examples'],
  ...[
    'include',
    'native',
    'binding.gyp',
    'bench/results',
    'build/Release/posix_async.node',
    'dist/lib',
    'dist/examples',
  ],
]

/** A project with posix-async in it, and the paths of its tarball. */
export function projectWithPosixAsync(): { project: Project; installed: string; files: string[] } {
  using source = new Project() // not this tree itself: several tests pack at the same time
  for (const name of PACKED) cpSync(join(root, name), join(source.folder, name), { recursive: true })
  source.link('node-addon-api')
  run('npm', ['run', 'pack:native'], source.folder)
  const project = new Project()
  const files = project.install(source.folder)
  project.link(...Object.keys(manifestOf(root).dependencies))
  return { project, installed: join(project.modules, 'posix-async'), files }
}
