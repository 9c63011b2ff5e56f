// The package where it has no binary: importing works, each call says why it cannot, and npx posix-async build compiles one.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findCompiler } from '../lib/cli/programs.js'
import { type Surroundings, whyUnavailable } from '../lib/unavailable.js'
import { type Project, projectWithPosixAsync, root } from './support/packed.js'

const CALLS = `
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
  const errors = {}
  for (const [name, call] of Object.entries(tried)) {
    try {
      await call()
      errors[name] = 'no error'
    } catch (error) {
      errors[name] = error.code + ': ' + error.message
    }
  }
  console.log(JSON.stringify(errors))`

// Programs that make this process look like another place, before the package is imported.
const elsewhere = {
  'a system without a binary': ['', /came without a binary for linux \w+; npx posix-async build compiles one/],
  macOS: [`Object.defineProperty(process, 'platform', { value: 'darwin' })`, /works on Linux only, and this is darwin/],
  Windows: [`Object.defineProperty(process, 'platform', { value: 'win32' })`, /works on Linux only, and this is win32/],
  musl: [
    `process.report.getReport = () => ({ header: {} })`,
    /needs the GNU C library.*musl.*; take a system with glibc/,
  ],
} as const

let project: Project
let installed: string

beforeAll(() => {
  ;({ project, installed } = projectWithPosixAsync())
  rmSync(join(installed, 'prebuilds'), { recursive: true })
}, 120_000)

afterAll(() => project[Symbol.dispose]())

describe('importing works, and each call fails with one error that says why', () => {
  it.each(Object.entries(elsewhere))('%s', (_place, [prelude, message]) => {
    project.write('calls.mjs', `${prelude}\n${CALLS}`)
    const errors = Object.entries(JSON.parse(project.node(['calls.mjs'])) as Record<string, string>)
    expect(errors.length).toBeGreaterThan(10)
    expect(
      errors.filter(([, error]) => !error.startsWith('ERR_POSIX_ASYNC_UNAVAILABLE: ') || !message.test(error)),
    ).toEqual([])
  })

  it('and doctor says the same', () => {
    const { stdout, status } = posixAsync(['doctor', '--json'])
    const findings = JSON.parse(stdout) as { name: string; ok: boolean; detail: string; cure?: string }[]
    expect(findings.find(({ name }) => name === 'native addon')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('came without a binary') as string,
      cure: expect.stringContaining('npx posix-async build') as string,
    })
    expect(status).toBe(1)
  })
})

describe('why', () => {
  const place: Surroundings = { platform: 'linux', arch: 'x64', glibc: '2.28', folder: '/x', said: '' }
  it.each([
    ['bundled', { folder: undefined }, /was bundled.*external/],
    [
      'an old glibc',
      { said: "/lib/libc.so.6: version `GLIBC_2.34' not found (required by x.node)" },
      /needs glibc 2\.34.*this is 2\.28/,
    ],
    ['an old libstdc++', { said: "version `GLIBCXX_3.4.30' not found" }, /needs a libstdc\+\+ with GLIBCXX_3\.4\.30/],
    [
      '--no-addons',
      { said: 'ERR_DLOPEN_DISABLED Cannot load native addon' },
      /was told to load no addon.*--allow-addons/,
    ],
    ['anything else', { said: 'invalid ELF header\nmore' }, /could not be loaded on linux x64: invalid ELF header$/],
  ])('%s', (_title, other, reason) => {
    const { reason: why, cure } = whyUnavailable({ ...place, ...other })
    expect(`${why}; ${cure}`).toMatch(new RegExp(reason.source.replace(/\$$/, ';')))
    expect(cure).not.toBe('')
  })
})

function posixAsync(args: readonly string[], env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  const command = join(installed, 'dist/lib/cli/main.js')
  return spawnSync(process.execPath, [command, ...args], {
    cwd: project.folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
}

// A whole compilation takes minutes: one source is really compiled, the others are noted, and linking gives the addon of this tree.
const STAND_IN = `#!/bin/sh
for word do last=$previous; previous=$word; [ "$last" = -o ] && out=$word; [ "$last" = -c ] && source=$word; done
[ -z "$source" ] && exec cp "$ADDON" "$out"
echo "$source" >> "$NOTES"
[ "$source" = native/event_fd.cc ] && exec $REAL "$@"
: > "$out"
`

describe('npx posix-async build', () => {
  it('compiles every source, tells how far it is, and what it made is loaded', () => {
    const notes = project.write('notes', '')
    const environment = {
      CXX: `sh ${project.write('stand-in', STAND_IN)}`,
      REAL: findCompiler(process.env, 'CXX')!.join(' '),
      ADDON: join(root, 'build/Release/posix_async.node'),
      NOTES: notes,
    }
    const { status, stdout, stderr } = posixAsync(['build', '-j', '2'], environment)
    expect(stderr).toMatch(/^\[\d+\/\d+\] native\/.*\.cc$/m)
    expect(stderr).toMatch(/^\[(\d+)\/\1\] linked$/m)
    expect(status).toBe(0)
    const compiled = readFileSync(notes, 'utf8').trimEnd().split('\n')
    const { targets } = JSON.parse(readFileSync(join(root, 'binding.gyp'), 'utf8')) as {
      targets: [{ sources: string[] }]
    }
    expect(compiled.toSorted()).toEqual(targets[0].sources.toSorted())
    expect(stdout.trim()).toBe(join(installed, 'build/Release/posix_async.node'))
    expect(project.node(['-e', "import('posix-async/posix').then(({ getppid }) => console.log(getppid()))"])).toMatch(
      /^\d+$/m,
    )
    expect(posixAsync(['build']).stdout).toContain('There is a binary that works here already')
    rmSync(join(installed, 'build'), { recursive: true })
  })

  it('says what is missing: a compiler', () => {
    const { status, stderr } = posixAsync(['build'], { PATH: '/nowhere', CXX: '' })
    expect(stderr).toMatch(
      /^posix-async: a C\+\+ compiler is needed, and none of c\+\+, g\+\+, clang\+\+ is there; install one/,
    )
    expect(status).toBe(1)
  })

  it('gives the words of a compiler that refuses, and leaves nothing', () => {
    const refuses = project.write('refuses', 'echo "no such header" >&2; exit 1\n')
    const { status, stderr } = posixAsync(['build'], { CXX: `sh ${refuses}` })
    expect(stderr).toMatch(/native\/\S+\.cc could not be compiled with sh .*:\nno such header/)
    expect(status).toBe(1)
    expect(existsSync(join(installed, 'build/Release/posix_async.node'))).toBe(false)
  })
})
