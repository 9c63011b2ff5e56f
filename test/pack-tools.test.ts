// The tarball as other tools see it: what checks packages has nothing to say, and bundlers that keep it external give programs that work.
import { build as esbuild } from 'esbuild'
import { join } from 'node:path'
import { rollup } from 'rollup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build as vite } from 'vite'
import webpack from 'webpack'
import { type Project, projectWithPosixAsync, root, run } from './support/packed.js'

let project: Project
let entry: string

beforeAll(() => {
  ;({ project } = projectWithPosixAsync())
  project.link('@types/node', 'undici-types')
  entry = project.write(
    'entry.mjs',
    `import { forked } from 'posix-async'
import { getppid } from 'posix-async/posix'
console.log(await forked(() => 6 * 7), getppid() === process.ppid)\n`,
  )
}, 120_000)

afterAll(() => project[Symbol.dispose]())

const tool = (name: string): string => join(root, 'node_modules/.bin', name)

describe('checks of packages', () => {
  it('publint has nothing to say', () => {
    expect(run(tool('publint'), ['run', project.tarball, '--strict'], project.folder)).toContain('All good!')
  })

  // It is ESM, which require() loads from Node.js 20.19 on; the command's own entry is for the comparison alone, and has no types.
  it('attw finds the types wherever they are looked for', () => {
    const args = [project.tarball, '--profile', 'esm-only', '--exclude-entrypoints', 'command', '--format', 'json']
    const { problems, analysis } = JSON.parse(run(tool('attw'), args, project.folder)) as {
      problems?: Record<string, unknown[]>
      analysis: { entrypoints: Record<string, unknown> }
    }
    expect(Object.keys(analysis.entrypoints)).toEqual(['.', './posix', './heapdump', './vitest', './package.json'])
    expect(Object.keys(problems ?? {}).filter((kind) => kind !== 'CJSResolvesToESM')).toEqual([])
  }, 60_000)
})

// Each writes out.mjs.
const bundlers: Record<string, (out: string) => Promise<unknown>> = {
  esbuild: (outfile) =>
    esbuild({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['posix-async'],
    }),
  rollup: async (file) => {
    const bundle = await rollup({ input: entry, external: /^posix-async/ })
    await bundle.write({ file })
  },
  'Vite, for the server': (out) =>
    vite({
      root: project.folder,
      logLevel: 'silent',
      ssr: { external: ['posix-async'] },
      build: {
        ssr: entry,
        target: 'node20',
        outDir: project.folder,
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: out.split('/').at(-1)! } },
      },
    }),
  webpack: (out) =>
    new Promise((resolve, reject) => {
      const filename = out.split('/').at(-1)!
      const externals = { 'posix-async': 'module posix-async', 'posix-async/posix': 'module posix-async/posix' }
      webpack(
        {
          ...{ entry, mode: 'production', target: 'node20', externals, experiments: { outputModule: true } },
          output: { path: project.folder, filename, module: true, chunkFormat: 'module' },
        },
        (error, stats) =>
          error || stats?.hasErrors() ? reject(error ?? new Error(stats!.toString())) : resolve(stats),
      )
    }),
}

describe('bundled with the package external, a program works', () => {
  it.each(Object.keys(bundlers))('%s', async (name) => {
    const out = join(project.folder, `${name.replace(/\W.*/, '')}.mjs`)
    await bundlers[name]!(out)
    expect(project.node([out])).toBe('42 true\n')
  })

  it('and bundled with all, each call says what to do', async () => {
    const outfile = join(project.folder, 'whole.cjs')
    const text =
      "import('posix-async/posix').then(({ getppid }) => getppid()).catch((error) => console.log(error.code, error.message))"
    const whole = project.write('whole.mjs', text)
    const external = ['node-gyp-build']
    await esbuild({
      entryPoints: [whole],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external,
      logLevel: 'silent',
    })
    expect(project.node([outfile])).toMatch(
      /^ERR_POSIX_ASYNC_UNAVAILABLE .* it was bundled, .* --external:posix-async \(esbuild\)/,
    )
  })
})
