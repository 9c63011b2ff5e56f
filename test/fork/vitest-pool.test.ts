// posix-async/vitest: a sample project has the same results in its children of a template as in vitest's own forks.
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../support/compile.js'

const folder = mkdtempSync(join(tmpdir(), 'posix-async-vitest-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Run {
  readonly code: number
  readonly output: string
  readonly tests: Record<string, unknown>
  readonly parents: readonly string[]
  readonly project: string
}

interface JsonReport {
  testResults: {
    name: string
    status: string
    assertionResults: { title: string; status: string; failureMessages: string[] }[]
  }[]
}

function resultsIn(file: string, project: string): Record<string, unknown> {
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as JsonReport
  return Object.fromEntries(
    testResults.map(({ name, status, assertionResults }) => [
      name.replace(`${project}/`, ''),
      {
        status,
        tests: assertionResults.map(({ title, status, failureMessages }) => [
          title,
          status,
          failureMessages.map((text) => text.split('\n')[0]),
        ]),
      },
    ]),
  )
}

// A copy of the project each, for snapshots are written there.
async function run(pool: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  const project = mkdtempSync(join(folder, `${pool}-`))
  cpSync(join(root, 'test/fixtures/vitest-project'), project, { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
  const [report, parents] = [join(project, 'report.json'), join(project, 'parents')]
  const given = {
    ...process.env,
    ...{ POOL: pool, POOL_FROM: pathToFileURL(join(root, 'dist/lib/fork/vitest/fork-pool.js')).href },
    ...{ PARENTS: parents, NO_COLOR: '1', CI: '', VITEST: '', VITEST_POOL_ID: '', VITEST_WORKER_ID: '', NODE_ENV: '' },
    ...env,
  }
  const reporters = ['--reporter=json', `--outputFile.json=${report}`, '--reporter=verbose']
  const cli = join(root, 'node_modules/vitest/vitest.mjs')
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, 'run', ...reporters, ...args],
      { cwd: project, env: given, timeout: 100_000 },
      (error, stdout, stderr) => {
        const lines = readFileSync(parents, 'utf8').trim().split('\n')
        const tests = resultsIn(report, project)
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr, tests, parents: lines, project })
      },
    )
  })
}

const well = ['state', 'mocks', 'snapshots', 'ends']

describe('forkPool()', () => {
  let forks: Run
  let fork: Run
  beforeAll(async () => {
    forks = await run('forks', well)
    fork = await run('fork', well)
  }, 200_000)

  it('gives the results of forks', () => {
    expect(fork.tests).toEqual(forks.tests)
    expect(Object.keys(fork.tests)).toHaveLength(5)
    expect([fork.code, forks.code]).toEqual([1, 1])
  })

  it('forks a child of one template for each file but those of the beginning', () => {
    const parents = fork.parents.map((line) => line.split(' ')[0])
    const counts = new Map<string, number>()
    for (const parent of parents) counts.set(parent!, (counts.get(parent!) ?? 0) + 1)
    expect(counts.size).toBe(2)
    expect([...counts.values()].toSorted()).toEqual([2, 4]) // the first file and the template; the others
    expect(new Set(fork.parents.map((line) => line.split(' ')[2]))).toEqual(new Set(['1']))
  })

  it('writes the same snapshots, and tells what tests write', () => {
    const snapshot = ({ project }: Run): string =>
      readFileSync(join(project, '__snapshots__/snapshots.case.mjs.snap'), 'utf8')
    expect(snapshot(fork)).toBe(snapshot(forks))
    expect(fork.output).toContain('written by a test')
    expect(fork.output).not.toContain("run in vitest's own forks")
  })

  it('tells of rejections that nobody handles, and of a child that is killed', async () => {
    const pattern = ['state', 'mocks', 'unhandled', 'killed']
    const [one, other] = [await run('forks', pattern), await run('fork', pattern)]
    expect(other.tests).toEqual(one.tests)
    for (const { output, code } of [one, other]) {
      expect(code).toBe(1)
      expect(output).toContain('nobody handles this')
      expect(output).toContain('Worker exited unexpectedly')
    }
  }, 200_000)

  it('stops at the first failure where it is to', async () => {
    const args = [...well, '--bail=1']
    const [one, other] = [await run('forks', args), await run('fork', args)]
    expect(other.tests).toEqual(one.tests)
  }, 200_000)

  it('runs in forks, with a notice, where a template can not be had', async () => {
    const { tests, output, code } = await run('fork', well, { POSIX_ASYNC_PREBUILD: '/nowhere/at/all' })
    expect(tests).toEqual(forks.tests)
    expect(code).toBe(1)
    expect(output.match(/posix-async: the files run in vitest's own forks: /g)).toHaveLength(1)
  }, 200_000)
})
