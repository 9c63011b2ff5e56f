// File and the functions beside it do what node:fs does with the same inputs: random copies, random steps, right and wrong arguments.
import { describe, expect, it } from 'vitest'
import { noRing, whyNoRing } from '../support/io-uring.js'
import { runFixture, type FixtureOptions } from '../support/run-fixture.js'
import { cannotTrace } from '../support/strace.js'

const refused = ['strace', '-f', '-qq', '--seccomp-bpf', '-o', '/dev/null']
const under = [...refused, '-e', 'trace=io_uring_setup', '-e', 'inject=io_uring_setup:error=EPERM']

describe.each([
  [`io_uring${whyNoRing}`, noRing, { args: ['60'] }],
  ['threads, where io_uring is refused', cannotTrace !== undefined, { under, args: ['20'] }],
] as [string, boolean, FixtureOptions][])('as node:fs has it, by %s', (_, skip, options) => {
  const run = (name: string): Promise<unknown> =>
    runFixture('files-against-node', name, { timeout: 30_000, ...options })

  it.skipIf(skip)(
    'copyFile: modes past the umask, onto itself by any name, links, holes, folders, its flags',
    async () => {
      expect(await run('copies')).toBe(true)
    },
  )

  it.skipIf(skip)('steps on an open file: flags, positions, appends, own offsets, texts, vectors', async () => {
    expect(await run('steps')).toBe(true)
  })

  it.skipIf(skip)('stat of every kind of file', async () => {
    expect(await run('status')).toBe(true)
  })

  it.skipIf(skip)('whole files: data, flags, modes and encodings, right and wrong', async () => {
    expect(await run('whole')).toBe(true)
  })

  it.skipIf(skip)('many at once at a file’s own offset take their turns', async () => {
    expect(await run('turns')).toBe(true)
  })
})
