// What the children of a server may do once they have another user: each case a program of its own, run as root.
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { runFixture, type FixtureOptions } from '../support/run-fixture.js'
import { nothingBut } from '../support/task-rights.js'

const root = process.getuid!() === 0
const mayUnshare = root && spawnSync('unshare', ['-m', 'true']).status === 0
const workshop = new Workshop()
let library = ''

beforeAll(() => {
  library = workshop.sharedObject('routines.so', ['test/fixtures/routines.c', '-pthread'])
})
afterAll(() => workshop[Symbol.dispose]())

const run = (name: string, options: FixtureOptions = {}): Promise<unknown> =>
  runFixture('rights', name, { timeout: 30_000, args: [library], ...options })

const ids = (user: number): string => Array(4).fill(user).join(' ')
const nobody = nothingBut(65534)
const none = '0'.repeat(16)

describe.skipIf(!root)(
  '3.2: dropping rights (root only), while threads of libuv’s pool were at work at the fork',
  () => {
    it('every thread of a child a connection is the user, with nothing else', async () => {
      expect(await run('children')).toEqual(Array(5).fill(nobody))
    })

    it('every thread of a worker is', async () => {
      expect(await run('workers')).toEqual([nobody, nobody])
    })

    it('setgroups, setresgid and setresuid reach every thread of a forked child', async () => {
      expect(await run('byPosix')).toEqual([`${ids(65534)} | ${ids(65534)} |  | ${none}`])
    })

    it('so do those of process', async () => {
      const between = [`${ids(0)} | 0 65534 0 65534 | 65534`]
      expect(await run('byNode')).toEqual([between, [`${ids(65534)} | ${ids(65534)} |  | ${none}`]])
    })

    it('and when that work is done', async () => {
      expect(await run('afterwards')).toEqual([`${ids(65534)} | ${none}`])
    })

    it('and in the child of such a child', async () => {
      expect(await run('grandchild')).toEqual([`${ids(65534)} | ${none}`])
    })
  },
)

describe.skipIf(!root)('3.2: rights that are left (root only)', () => {
  const refused = 'worker 0 could not start: the child could not become user 65534 and nothing else'

  it('a thread that keeps some keeps the worker from serving', async () => {
    expect(await run('threadKeeps')).toMatch(new RegExp(`^${refused}: thread \\d+ has others$`))
  })

  it('so does a process that keeps some', async () => {
    expect(await run('allKeep')).toBe(`${refused}: capabilities are left to it`)
  })

  it.skipIf(!mayUnshare)('and one that cannot look at its threads', async () => {
    const why = await run('noProc', { under: ['unshare', '-m'] })
    expect(why).toBe(
      `${refused}: no_new_privs could not be set in each thread: ENOENT: no such file or directory, prctl`,
    )
  })

  it('no program that a worker executes gains any', async () => {
    expect(await run('noNewPrivileges')).toBe('NoNewPrivs:\t1')
  })
})

describe.skipIf(!root)('3.2: a worker that has dropped its rights (root only)', () => {
  it('is one that others are forked from, with no more than it has', async () => {
    expect(await run('refork')).toEqual({ rights: [nobody, nobody], served: nobody, others: true })
  })

  const under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all']

  it('a master without rights may ask for the user that it is', async () => {
    expect(await run('alreadySo', { under })).toEqual(nobody)
  })

  it('and for no other', async () => {
    expect(await run('otherThanSo', { under })).toMatch(/^worker 0 could not start: EPERM: .*, setgroups$/)
  })
})
