// posix-async doctor: what it says of this machine, and of one that is made to lack something.
import { expect, it } from 'vitest'
import { kept } from '../../lib/cli/checks/fork-promise-names.js'
import type { Finding } from '../../lib/cli/checks/finding.js'
import { command, type CommandOptions } from '../support/command.js'
import { cannotTrace } from '../support/strace.js'

async function findings(options?: CommandOptions): Promise<{ code: number; of: (name: string) => Finding }> {
  const { code, stdout } = await command(['doctor', '--json'], options)
  const all = JSON.parse(stdout) as Finding[]
  return { code, of: (name) => all.find((finding) => finding.name === name)! }
}

it('says yes or no on each line, and its exit code agrees', async () => {
  const { code, stdout } = await command(['doctor'])
  const verdicts = stdout.split('\n').filter((line) => /^(yes|no |NO ) {2}\S/.test(line))
  expect(verdicts.length).toBeGreaterThanOrEqual(14)
  expect(code).toBe(verdicts.some((line) => line.startsWith('NO ')) ? 1 : 0)
  expect(stdout).toContain('native addon                     loads, and the kernel answers through it')
})

it('tries each promise of fork() by itself', async () => {
  const { of } = await findings()
  for (const [name, detail] of Object.entries(kept)) expect(of(`fork: ${name}`)).toMatchObject({ ok: true, detail })
})

it('says of each promise why it is not kept', async () => {
  const { code, of } = await findings({ env: { ...process.env, UV_USE_IO_URING: '1' } })
  expect(code).toBe(1)
  const detail = expect.stringMatching(/^ERR_FORK_UNSAFE: fork: .*UV_USE_IO_URING/) as string
  for (const name of Object.keys(kept)) expect(of(`fork: ${name}`)).toMatchObject({ ok: false, detail })
})

it('tells of too few descriptors, with the cure, and ends with 1', async () => {
  const under = ['sh', '-c', 'ulimit -n 512 && exec "$@"', 'sh']
  const { code, stdout } = await command(['doctor'], { under })
  expect(code).toBe(1)
  expect(stdout).toMatch(/^NO {3}open files +512 a process\n +cure: ulimit -n 65536/m)
})

it('can do without a compiler', async () => {
  const { of } = await findings({ env: { ...process.env, PATH: '/nowhere', CC: '' } })
  expect(of('C compiler')).toMatchObject({ ok: false, optional: true, detail: 'none of cc, gcc, clang, CC' })
  expect(of('strace')).toMatchObject({ ok: false, optional: true, cure: 'install strace' })
})

it('names what a compiler is needed for', async () => {
  const { code, stdout } = await command(['doctor'], { env: { ...process.env, PATH: '/nowhere', CC: '' } })
  expect(stdout).toContain('posix-async can do all its work here, but for compare and load, which need a C compiler.')
  expect(code).toBe(0)
})

it.skipIf(cannotTrace)('A50: says why io_uring is refused, with the cure', async () => {
  const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=io_uring_setup:error=EPERM']
  const { of } = await findings({ under })
  expect(of('io_uring')).toMatchObject({
    ok: false,
    optional: true,
    detail: expect.stringMatching(/^EPERM: io_uring is switched off/) as string,
    cure: expect.stringContaining('sysctl kernel.io_uring_disabled=0') as string,
  })
})
