// fork() under what Node can be started with: options of V8, a debugger, a loader of modules, a runner of tests.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const loader = fileURLToPath(new URL('../fixtures/fork-loader.mjs', import.meta.url))

describe('fork', () => {
  const options = [
    ['--single-threaded', '--single-threaded'],
    ['--jitless', '--jitless'],
    ['--max-old-space-size', '--max-old-space-size=64'],
    ['--inspect', '--inspect=127.0.0.1:0'],
    ['--predictable', '--predictable'],
    ['a loader of modules', `--import=${loader}`],
  ] as const
  // Node.js 22 itself ends with --jitless where a program imports node:http.
  const node = process.env['POSIX_ASYNC_NODE'] ?? process.execPath
  const starts = (option: string): boolean =>
    spawnSync(node, [option, '--input-type=module', '-e', "import 'node:http'"]).status === 0

  for (const [name, option] of options) {
    it.skipIf(!starts(option))(`${name}: a child and its child use the pool, collect garbage and leave`, async () => {
      expect(await runFixture('fork-pool', 'generations', { nodeArgs: [option] })).toBe(6)
    })
  }

  it('a debugger that is attached stays the parent’s', async () => {
    expect(await runFixture('fork-inspected', 'attached')).toEqual({ code: 7, own: true })
  })

  it.each([
    ['forks', /Tests .*1 passed/],
    ['threads', /ENOTSUP/],
  ])('in tests that vitest runs, pool %s', (pool, said) => {
    const args = ['run', '--root', root, '--pool', pool, '--config', 'test/fixtures/vitest/config.ts']
    const { stdout, stderr } = spawnSync(`${root}node_modules/.bin/vitest`, args, { encoding: 'utf8', timeout: 20_000 })
    expect(stdout + stderr).toMatch(said)
  })
})
