// What npm pack makes, installed into an empty project: both entry points, their types and the command work there. Offline: npm
// takes only the tarball, and the dependencies are links to those of this tree.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
  dependencies: Record<string, string>
}
const project = mkdtempSync(join(tmpdir(), 'posix-async-pack-'))
const modules = join(project, 'node_modules')
const installed = join(modules, 'posix-async')

const run = (file: string, args: string[], cwd: string): string =>
  execFileSync(file, args, { cwd, encoding: 'utf8', timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] })

// The addon and the programs are those that the tests run with: packing does not build them again.
const pack = (): string[] => {
  const args = ['pack', '--ignore-scripts', '--offline', '--json', '--pack-destination', project]
  const [packed] = JSON.parse(run('npm', args, root)) as { filename: string; files: { path: string }[] }[]
  run('tar', ['-xzf', join(project, packed!.filename), '-C', project], project)
  return packed!.files.map(({ path }) => path)
}

let files: string[]

// What npm install does with the tarball, without a registry: unpack, link the command, and the install script's choice of addon.
beforeAll(() => {
  files = pack()
  mkdirSync(join(modules, '.bin'), { recursive: true })
  run('mv', [join(project, 'package'), installed], project)
  symlinkSync('../posix-async/dist/lib/cli/main.js', join(modules, '.bin', 'posix-async'))
  run('chmod', ['+x', join(installed, 'dist/lib/cli/main.js')], project)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.') && name !== 'posix-async')
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  const prebuilds = join(installed, 'prebuilds', `linux-${process.arch}`)
  mkdirSync(prebuilds, { recursive: true })
  run('cp', [join(root, 'build/Release/posix_async.node'), join(prebuilds, 'posix-async.glibc.node')], project)
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n')
}, 120_000)

afterAll(() => rmSync(project, { recursive: true }))

describe('the tarball', () => {
  it('has what is run, what is compiled, and nothing else', () => {
    const wanted = [
      ...['package.json', 'binding.gyp', 'include/posix_async.h', 'native/addon.cc', 'bench/c/common.h'],
      ...['dist/lib/index.js', 'dist/lib/index.d.ts', 'dist/lib/posix/index.js', 'dist/lib/cli/main.js'],
    ]
    expect(wanted.filter((path) => !files.includes(path))).toEqual([])
    expect(files.filter((path) => /(^|\/)(test|node_modules|build|\.ci)\/|\.tsbuildinfo$/.test(path))).toEqual([])
  })

  it('asks for no package that is needed only here', () => {
    const used = new Set<string>()
    for (const path of files.filter((name) => /^dist\/.*\.js$/.test(name))) {
      const text = readFileSync(join(installed, path), 'utf8')
      for (const [, name] of text.matchAll(/^(?:import|export)\b.*? from '([^.'][^']*)'/gm)) used.add(name!)
    }
    const foreign = [...used].filter((name) => !name.startsWith('node:') && !name.startsWith('posix-async'))
    const packages = foreign.map((name) =>
      name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : name.split('/')[0]!,
    )
    expect(packages.filter((name) => !(name in manifest.dependencies))).toEqual([])
  })
})

describe('in an empty project', () => {
  it("import 'posix-async' serves, with the addon that came with it", () => {
    const program = `
      import { connect } from 'node:net'
      import { forkServer, native } from 'posix-async'
      const server = await forkServer({ host: '127.0.0.1' }, native('fibonacci'))
      const client = connect(server.address().port, '127.0.0.1')
      client.end('10')
      for await (const chunk of client) process.stdout.write(chunk)
      await server.close()`
    writeFileSync(join(project, 'serve.mjs'), program)
    expect(run(process.execPath, ['serve.mjs'], project)).toBe('89')
  })

  it("import 'posix-async/posix' is C", () => {
    const program = `
      import { close, pipe, read, write } from 'posix-async/posix'
      const [r, w] = pipe()
      write(w, 'through a pipe')
      const buffer = Buffer.alloc(64)
      console.log(buffer.toString('utf8', 0, read(r, buffer)))
      close(r)
      close(w)`
    writeFileSync(join(project, 'posix.mjs'), program)
    expect(run(process.execPath, ['posix.mjs'], project)).toBe('through a pipe\n')
  })

  it('what is inside stays inside', () => {
    const attempt = "import('posix-async/dist/lib/native.js').catch((error) => console.log(error.code))"
    expect(run(process.execPath, ['-e', attempt], project)).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  it('has types for TypeScript', () => {
    const text = `import { forkServer, type Connection } from 'posix-async'\nimport { fork } from 'posix-async/posix'
export const pid: number = fork()\nexport const serve = (handler: (conn: Connection) => void) => forkServer({ port: 0 }, handler)\n`
    writeFileSync(join(project, 'typed.ts'), text)
    const lib = ['--lib', 'es2023,esnext.disposable', '--types', 'node']
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', ...lib]
    expect(
      run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options, 'typed.ts'], project),
    ).toBe('')
  })

  it('npx posix-async --help and --version answer', () => {
    expect(run('npx', ['--offline', '--no-install', 'posix-async', '--help'], project)).toMatch(/Usage: posix-async/)
    expect(run('npx', ['--offline', '--no-install', 'posix-async', '--version'], project).trim()).toBe(manifest.version)
  })
})

// A copy of the package as it is where nothing was built for the platform.
describe('without a binary', () => {
  const bare = join(project, 'bare')
  const calls = `
    const px = await import('posix-async')
    const posix = await import('posix-async/posix')
    const handler = () => {}
    const tried = {
      fork: () => posix.fork(),
      open: () => posix.open('/'),
      pipe: () => posix.pipe(),
      mmap: () => posix.mmap(null, 1),
      epoll: () => new posix.Epoll(handler).add(0, posix.EPOLLIN),
      poll: () => posix.poll([], 0),
      readAsync: () => posix.readAsync(0, Buffer.alloc(1)),
      forked: () => px.forked(handler),
      snapshot: () => px.writeHeapSnapshot('never-written'),
      forkServer: () => px.forkServer({ port: 0 }, handler),
      prefork: () => px.forkServer({ port: 0, workers: 1 }, handler),
      threadServer: () => px.threadServer({ port: 0 }, handler),
      eventServer: () => px.eventServer({ port: 0 }, handler),
      syncServer: () => px.syncServer({ port: 0 }, handler),
    }
    const codes = {}
    for (const [name, call] of Object.entries(tried)) {
      try {
        await call()
        codes[name] = 'no error'
      } catch (error) {
        codes[name] = error.code
      }
    }
    console.log(JSON.stringify(codes))`

  beforeAll(() => {
    mkdirSync(join(bare, 'node_modules'), { recursive: true })
    cpSync(installed, join(bare, 'node_modules/posix-async'), { recursive: true })
    rmSync(join(bare, 'node_modules/posix-async/prebuilds'), { recursive: true, force: true })
    rmSync(join(bare, 'node_modules/posix-async/build'), { recursive: true, force: true })
    for (const name of Object.keys(manifest.dependencies))
      symlinkSync(join(root, 'node_modules', name), join(bare, 'node_modules', name))
    writeFileSync(join(bare, 'calls.mjs'), calls)
  })

  it('importing works, and each call fails with one code', () => {
    const codes = JSON.parse(run(process.execPath, ['calls.mjs'], bare)) as Record<string, string>
    expect(Object.keys(codes).length).toBeGreaterThan(10)
    expect(Object.entries(codes).filter(([, code]) => code !== 'ERR_POSIX_ASYNC_UNAVAILABLE')).toEqual([])
  })
})
