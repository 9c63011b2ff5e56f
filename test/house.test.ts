// The rules of the house, read from the sources; each is shown to find what breaks it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import * as house from './support/house.js'
import { undocumentedExports } from './support/public-exports.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trimEnd().split('\n')
const isText = (path: string): boolean => !/\.(png|svg|ico|node|tgz)$/.test(path)
const files = house.read(root, tracked.filter(isText))
const sources = files.filter(({ path }) => /\.(ts|cc|h|c)$/.test(path))
const typescript = files.filter(({ path }) => /^(lib|bench|examples)\/.*\.ts$/.test(path))
const file = (path: string, text: string): house.SourceFile => ({ path, text })
const textOf = (path: string): string => files.find((one) => one.path === path)!.text

describe('imports', () => {
  it('are found however they are written', () => {
    const text = `import a from './a.js'\nimport {\n  b,\n  type B,\n} from '../b.js'\nexport * from 'c'\nimport './d.js'\nawait import('e')\nexport type { F } from './f.js'`
    expect(house.importsOf(file('lib/x/y.ts', text))).toEqual([
      ...['lib/x/a.ts', 'lib/b.ts', 'c', 'lib/x/d.ts', 'e', 'lib/x/f.ts'],
    ])
  })

  it('point to the same floor or down: errors, native, posix, files, fork, servers, index, bench, cli', () => {
    expect(house.nothingUpward(typescript)).toEqual([])
  })

  it.each([
    ['lib/posix/poll.ts', '../servers/server.js'],
    ['lib/errors.ts', './native.js'],
    ['lib/fork/child.ts', '../index.js'],
    ['lib/servers/server.ts', '../cli/main.js'],
    ['bench/measure/load.ts', '../../lib/cli/main.js'],
    ['examples/one.ts', '../lib/posix/poll.js'],
  ])('upward is found: %s from %s', (path, from) => {
    expect(house.nothingUpward([file(path, `import { x } from '${from}'`)])).toHaveLength(1)
  })

  it('make no circle of files', () => {
    expect(house.circles(typescript)).toEqual([])
  })

  it('a circle is found, whichever file it is entered by', () => {
    const around = ["import { b } from './b.js'", "import type { C } from './c.js'", "export * from './a.js'"]
    const three = ['a', 'b', 'c'].map((name, i) => file(`lib/x/${name}.ts`, around[i]!))
    const beside = file('lib/x/d.ts', "import { a } from './a.js'")
    expect(house.circles([...three, beside])).toEqual(['lib/x/a.ts lib/x/b.ts lib/x/c.ts'])
    expect(house.circles([three[0]!, three[1]!, beside])).toEqual([])
  })

  it('go through one door to the addon', () => {
    expect(house.oneDoor(typescript)).toEqual([])
  })

  it.each([
    ['lib/servers/fork-server.ts', "import { native } from '../native.js'"],
    ['lib/fork/child.ts', "import { native } from '../native.js'"],
    ['lib/posix/poll.ts', "require('../build/Release/posix_async.node')"],
  ])('a second door is found: %s', (path, text) => {
    expect(house.oneDoor([file(path, text)])).toHaveLength(1)
  })

  it('of the library and its command are none of the comparison, which is another package', () => {
    expect(house.libraryAlone(typescript)).toEqual([])
    expect(house.libraryAlone([file('lib/cli/one.ts', "import { x } from '../../bench/compare.js'")])).toHaveLength(1)
  })

  it('of examples, bench and the command are the public exports', () => {
    expect(house.publicOnly(typescript)).toEqual([])
  })

  it.each(['examples/one.ts', 'bench/one.ts'])('what is not public is found: %s', (path) => {
    expect(house.publicOnly([file(path, "import { check } from '../lib/errors.js'")])).toHaveLength(1)
  })
})

describe('timers of the library', () => {
  it('are its own', () => {
    expect(house.ownTimers(typescript)).toEqual([])
  })

  it('another is found', () => {
    const own = "import { setTimeout } from './posix/internal/own-timers.js'"
    const text = 'setTimeout(() => {}, 5)'
    expect(house.ownTimers([file('lib/a.ts', text), file('lib/b.ts', `${own}\n${text}`)])).toHaveLength(1)
  })
})

describe('native code', () => {
  it('has a core without Node-API', () => {
    expect(files.filter(({ path }) => path.startsWith('native/core/')).length).toBeGreaterThan(10)
    expect(house.coreWithoutNode(files)).toEqual([])
  })

  it.each(['#include <napi.h>', '#include "../../binding.h"', '#include <node_api.h>'])(
    'Node-API in the core is found: %s',
    (text) => {
      expect(house.coreWithoutNode([file('native/core/x.cc', text)])).toHaveLength(1)
    },
  )

  it('does by plain Node-API what a Worker that is being terminated refuses, and enters JavaScript in one place', () => {
    expect(house.plainNodeApi(files)).toEqual([])
    expect(house.oneEntry(files)).toEqual([])
  })

  it.each([
    'callback.MakeCallback(global, {})',
    'Napi::Object::New(env)',
    'object.Set("fd", 1)',
    'napi_make_callback(env)',
  ])('what would end the process is found: %s', (text) => {
    const one = [file('native/loop/x.cc', text)]
    expect([...house.plainNodeApi(one), ...house.oneEntry(one)]).toHaveLength(1)
  })

  it('is the same in binding.gyp, CMakeLists.txt and on disk', () => {
    const onDisk = tracked.filter((path) => /^native\/.*\.cc$/.test(path))
    expect(house.sourceLists(textOf('binding.gyp'), textOf('CMakeLists.txt'), onDisk)).toEqual([])
  })

  it('a difference of the lists is found', () => {
    expect(
      house.sourceLists('native/a.cc native/c.cc', 'native/c.cc native/a.cc', ['native/a.cc', 'native/b.cc']),
    ).toEqual([
      'native/b.cc is not in binding.gyp',
      'native/b.cc is not in CMakeLists.txt',
      'native/c.cc of binding.gyp does not exist',
      'native/c.cc of CMakeLists.txt does not exist',
      'CMakeLists.txt is not in alphabetical order',
    ])
  })

  it('has the functions that lib/native.ts declares, and no others', () => {
    const addon = createRequire(import.meta.url)('node-gyp-build')(root) as Record<string, unknown>
    const functions = Object.keys(addon).filter((name) => typeof addon[name] === 'function')
    expect(functions.length).toBeGreaterThan(100)
    expect(house.nativeNames(textOf('lib/native.ts'), functions)).toEqual([])
  })

  it('a missing and a surplus function are found', () => {
    const text = 'interface FdNatives {\n  open(path: string): number\n  read(\n    fd: number,\n  ): number\n}\n'
    expect(house.nativeNames(text, ['open', 'write'])).toEqual([
      'the addon has no read',
      'lib/native.ts does not declare write',
    ])
  })
})

describe('names', () => {
  const library = files.filter(({ path }) => /^(lib|native|include)\/.*\.(ts|cc|h)$/.test(path))

  it('of natives are called by something', () => {
    const others = typescript.filter(({ path }) => path.startsWith('lib/') && path !== 'lib/native.ts')
    expect(house.deadNatives(textOf('lib/native.ts'), others)).toEqual([])
  })

  it('a native that nothing calls is found', () => {
    const text = 'interface FdNatives {\n  open(path: string): number\n  shut(fd: number): number\n}\n'
    expect(house.deadNatives(text, [file('lib/a.ts', 'native.open(1)')])).toEqual(['nothing calls shut'])
  })

  it('stand in comments in the place of persons', () => {
    expect(house.namesSubjects(library)).toEqual([])
  })

  it.each(['// Whoever waits.', ' * he closes it', 'close(fd) // somebody has it'])('a person is found: %s', (text) => {
    expect(house.namesSubjects([file('lib/a.ts', text)])).toHaveLength(1)
  })
})

describe('every file', () => {
  it('says in its first line what it is for', () => {
    expect(house.beginsWithSentence(sources)).toEqual([])
  })

  it('one that does not is found', () => {
    const bad = [file('a.ts', "import x from 'y'"), file('b.ts', '\n// late'), file('c.ts', '//\n')]
    expect(house.beginsWithSentence([...bad, file('d.ts', '#!/usr/bin/env node\n// The command.')])).toHaveLength(3)
  })

  it('knows nothing of a machine or of a registry', () => {
    const others = files.filter(({ path }) => path !== 'test/house.test.ts' && path !== 'test/support/house.ts')
    expect(house.noMachine(others)).toEqual([])
  })

  // Put together here, so that this file has no such trace itself.
  const folder = ['', 'work', 'wt', 'one'].join('/')
  const host = ['registry', 'npmjs', 'org'].join('.')
  it.each(['const a = "/home/somebody/x"', `cd ${folder}`, `"resolved": "https://${host}/x.tgz"`])(
    'a trace of one is found: %s',
    (text) => {
      expect(house.noMachine([file('a.ts', text)])).toHaveLength(1)
    },
  )
})

describe('public exports', () => {
  it('have a doc comment each', () => {
    const entries = ['lib/index.ts', 'lib/posix/index.ts'].map((path) => join(root, path))
    expect(undocumentedExports(entries)).toEqual([])
  })

  it('one without is found', () => {
    const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
    const entry = join(folder, 'index.ts')
    writeFileSync(entry, '/** Said. */\nexport function a() {}\nexport function b() {}\nexport const POLLIN = 1\n')
    expect(undocumentedExports([entry])).toEqual(['b'])
    rmSync(folder, { recursive: true })
  })
})
