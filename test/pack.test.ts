// What npm pack makes, installed into an empty project: both entry points, their types and the command work there.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifestOf, type Project, projectWithPosixAsync, root, run } from './support/packed.js'

const manifest = manifestOf(root)

let project: Project
let installed: string
let files: string[]

beforeAll(() => {
  ;({ project, installed, files } = projectWithPosixAsync())
  project.link('@types/node', 'undici-types')
}, 120_000)

afterAll(() => project[Symbol.dispose]())

// Bytes of all files below a folder; a link counts as what it points to.
const sizeOf = (path: string): number => {
  const status = statSync(path)
  if (!status.isDirectory()) return status.size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}

describe('the tarball', () => {
  it('has what is run, what is compiled, and nothing else', () => {
    const wanted = [
      ...['package.json', 'native/addon.gyp', 'include/posix_async.h', 'native/addon.cc'],
      ...['native/node-addon-api/napi.h', `prebuilds/linux-${process.arch}/posix-async.glibc.node`],
      ...[
        'dist/examples/static-server.js',
        'dist/lib/index.js',
        'dist/lib/index.d.ts',
        'dist/lib/posix/index.js',
        'dist/lib/cli/main.js',
      ],
    ]
    expect(wanted.filter((path) => !files.includes(path))).toEqual([])
    expect(
      files.filter((path) =>
        /^(test|node_modules|build|bench\/(?!results\/)|\.ci)\/|^dist\/(bench|test)|\.tsbuildinfo$|\.map$/.test(path),
      ),
    ).toEqual([])
  })

  it('runs nothing when it is installed, and gives npm no reason to compile', () => {
    const { scripts = {}, gypfile } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      scripts?: Record<string, string>
      gypfile?: boolean
    }
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([])
    expect(gypfile).toBe(false)
    expect(files).not.toContain('binding.gyp')
  })

  it('has what its documents link to', () => {
    const pages = files.filter((path) => path.endsWith('.md'))
    expect(pages.length).toBeGreaterThan(8)
    const links = pages.flatMap((page) => {
      const text = readFileSync(join(installed, page), 'utf8')
      const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to]) => to!)
      return targets.filter((to) => !/^\w+:/.test(to)).map((to) => ({ page, to, path: join(dirname(page), to) }))
    })
    expect(links.length).toBeGreaterThan(30)
    expect(
      links.filter(({ path }) => !existsSync(join(installed, path))).map(({ page, to }) => `${page}: ${to}`),
    ).toEqual([])
  })

  it('takes at most 5 MB installed, with its dependencies and the binary of another processor', () => {
    const dependencies = Object.keys(manifest.dependencies)
    expect(dependencies).toEqual(['commander', 'node-gyp-build', 'picocolors'])
    const sizes = dependencies.map((name) => sizeOf(join(project.modules, name)))
    const total = sizes.reduce((a, b) => a + b, sizeOf(installed) + sizeOf(join(installed, 'prebuilds')))
    expect(total).toBeLessThan(5_000_000)
    expect(total).toBeGreaterThan(1_000_000)
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
    project.write('serve.mjs', program)
    expect(project.node(['serve.mjs'])).toBe('89')
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
    project.write('posix.mjs', program)
    expect(project.node(['posix.mjs'])).toBe('through a pipe\n')
  })

  it('what is inside stays inside', () => {
    const attempt = "import('posix-async/dist/lib/native.js').catch((error) => console.log(error.code))"
    expect(project.node(['-e', attempt])).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  describe('has types for TypeScript', () => {
    const text = `import { forkServer, type Connection } from 'posix-async'\nimport { fork } from 'posix-async/posix'
export const pid: number = fork()\nexport const serve = (handler: (conn: Connection) => void) => forkServer({ port: 0 }, handler)\n`
    it.each([
      ['ESM, as Node resolves it', 'mts', ['--module', 'nodenext', '--target', 'es2023']],
      ['CommonJS, as Node resolves it, of 2020', 'cts', ['--module', 'nodenext', '--target', 'es2020']],
      ['CommonJS of old', 'ts', ['--module', 'commonjs', '--moduleResolution', 'node10', '--target', 'es2020']],
      ['a bundler', 'ts', ['--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2020']],
    ])('%s', (_title, suffix, options) => {
      project.write(`typed.${suffix}`, text)
      const common = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--types', 'node']
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      expect(project.node([tsc, ...common, ...options, `typed.${suffix}`])).toBe('')
    })
  })

  it('require() gives the same as import', () => {
    const program = `
      const { fork, waitpid, _exit, WEXITSTATUS } = require('posix-async/posix')
      const pid = fork()
      if (pid === 0) _exit(typeof require('posix-async').forkServer === 'function' ? 7 : 1)
      process.stdout.write(String(WEXITSTATUS(waitpid(pid, 0).status)))`
    project.write('required.cjs', program)
    expect(project.node(['--no-warnings', 'required.cjs'])).toBe('7')
  })

  it('says how to get what is a package of its own', () => {
    const command = join(installed, 'dist/lib/cli/main.js')
    const { status, stderr } = spawnSync(process.execPath, [command, 'compare', '--full'], {
      cwd: project.folder,
      encoding: 'utf8',
    })
    expect(stderr).toMatch(/^posix-async: "compare" is in a package of its own.*npx posix-async-compare compare/)
    expect(status).toBe(1)
  })

  it('npx posix-async --help and --version answer', () => {
    expect(run('npx', ['--offline', '--no-install', 'posix-async', '--help'], project.folder)).toMatch(
      /Usage: posix-async/,
    )
    expect(run('npx', ['--offline', '--no-install', 'posix-async', '--version'], project.folder).trim()).toBe(
      manifest.version,
    )
  })
})
