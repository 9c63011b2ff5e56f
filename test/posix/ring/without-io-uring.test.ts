// Under a seccomp profile that refuses io_uring, as those of containers do: clear errors, and everything else works (3.5).
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '../../../lib/cli/checks/finding.js'
import { command } from '../../support/command.js'
import { Workshop } from '../../support/compile.js'
import { runFixture } from '../../support/run-fixture.js'

const refused = ['SYS_io_uring_setup', 'SYS_io_uring_enter', 'SYS_io_uring_register'].join()

let workshop: Workshop
let under: string[]
beforeAll(() => {
  workshop = new Workshop()
  under = [workshop.executable('without-io-uring', [`-DREFUSED=${refused}`, 'test/fixtures/without-call.c'])]
})
afterAll(() => workshop[Symbol.dispose]())

describe('A50 (liburing probe.c), by seccomp', () => {
  it('Ring is a clear error with its reason', async () => {
    const reason = expect.stringMatching(/seccomp profile of a container/) as string
    expect(await runFixture('rings', 'availability', { under })).toEqual({
      availability: { available: false, code: 'EPERM', reason },
      code: 'EPERM',
      message: expect.stringContaining('io_uring_setup') as string,
    })
  })

  it('doctor says why, and what helps', async () => {
    const { stdout } = await command(['doctor', '--json'], { under })
    const finding = (JSON.parse(stdout) as Finding[]).find(({ name }) => name === 'io_uring')
    expect(finding).toMatchObject({ ok: false, optional: true })
    expect(finding!.detail).toMatch(/^EPERM/)
  })

  it.each([
    ['files-api', 'whole'],
    ['files-api', 'forked'],
    ['aio', 'A44'],
    ['multiplex', 'A29'],
  ])('%s %s works without', async (program, name) => {
    const without = await runFixture(program, name, { under })
    expect(without).toEqual(await runFixture(program, name))
  })
})
