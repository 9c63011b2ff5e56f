// bench/endurance, shortened: each part keeps its promises with each kind of server, and one that does not is told of.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { endure, parts, SHORT } from '../../../bench/studies/endurance/parts.js'
import { root } from '../../support/compile.js'
import { noRing, whyNoRing } from '../../support/io-uring.js'

const kinds = Object.entries(parts).flatMap(([name, { handlers }]) =>
  handlers.map((handler) => [name, handler] as const),
)

describe.each([
  ['epoll', 'epoll', false],
  [`io_uring${whyNoRing}`, 'io_uring', noRing],
] as const)('%s', (_, backend, skip) => {
  it.skipIf(skip).each(kinds)('%s, %s', { timeout: 60_000 }, async (name, handler) => {
    const { work } = parts[name]!
    const { figures, broken } = await endure(name, { backend, handler, work }, SHORT)
    expect(broken).toEqual([])
    expect(figures).toMatch(/\d/)
  })
})

// Each part beside a server of the other kind: it sends nothing back, or not what was sent.
it.each([
  ['slow', 'upload', 'had no answer'],
  ['idle', 'upload', 'the server does not answer beside them'],
  ['upload', 'echo', 'were not served right'],
  ['churn', 'upload', 'were not served right'],
] as const)('tells of promises that %s breaks', { timeout: 60_000 }, async (name, work, promise) => {
  const { broken } = await endure(
    name,
    { backend: 'epoll', handler: 'callbacks', work },
    { ...SHORT, slow: [20], patience: 300 },
  )
  expect(broken.join('\n')).toContain(promise)
})

it('tells of a server that can not begin', async () => {
  const { broken } = await endure('idle', { backend: 'nothing', handler: 'callbacks', work: 'echo' }, SHORT)
  expect(broken.join('\n')).toContain('options.backend')
})

async function run(...args: string[]): Promise<[code: unknown, stdout: string]> {
  const child = spawn(process.execPath, [join(root, 'dist/bench/studies/endurance.js'), ...args])
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk))
  const [code] = (await once(child, 'close')) as unknown[]
  return [code, stdout]
}

it('is a program that prints a line a kind of server', { timeout: 60_000 }, async () => {
  const [code, stdout] = await run('idle', '--short', '--backend', 'epoll')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^\nidle: .*\n {2}epoll {4}callbacks {2}300 held.*\n {2}epoll {4}function {3}300 held.*\n$/)
})

it.each([['nothing'], ['--backend', 'kqueue'], ['--handler', 'class']])('refuses %s', async (...args) => {
  expect(await run(...args)).toEqual([2, ''])
})
