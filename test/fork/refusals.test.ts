// Where threads can't be stopped fork() says why, within its time, and nothing has changed; and the signal that stops them may come
// from anywhere. Each case is a program of its own, test/fixtures/fork-refused.ts.
import { execFileSync, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../support/compile.js'
import { runFixture } from '../support/run-fixture.js'

const workshop = new Workshop()
let library: string
beforeAll(() => (library = workshop.sharedObject('park-signal.so', ['test/fixtures/park-signal.c'])))
afterAll(() => workshop[Symbol.dispose]())

const run = (name: string, under: string[] = [], args: string[] = []): Promise<unknown> =>
  runFixture('fork-refused', name, { under, args })

const cannotUnshare = spawnSync('unshare', ['-p', '-f', 'true']).status !== 0

describe('a fork that is refused', () => {
  it('RLIMIT_SIGPENDING 0: EAGAIN, and with a limit the next one works', async () => {
    const message = 'EAGAIN: resource temporarily unavailable, fork'
    const end = { code: 'EAGAIN', message, again: 'EAGAIN', works: true }
    expect(await run('sigpending')).toEqual({ end, then: 7 })
  })

  it('a seccomp filter that refuses rt_tgsigqueueinfo: EPERM', async () => {
    const source = 'test/fixtures/without-call.c'
    const under = [workshop.executable('without-call', ['-DREFUSED=SYS_rt_tgsigqueueinfo', source])]
    const message = 'EPERM: operation not permitted, fork'
    expect(await run('refused', under)).toEqual({ code: 'EPERM', message, again: 'EPERM', works: true })
  })

  it.skipIf(cannotUnshare)('/proc of another pid namespace: ERR_FORK_UNSAFE says so', async () => {
    const code = 'ERR_FORK_UNSAFE'
    const message = "fork: /proc is not that of this process's pid namespace"
    const end = await run('refused', ['unshare', '-p', '-f', '--kill-child'])
    expect(end).toEqual({ code, message, again: code, works: true })
  })
})

describe('fork() at the ceiling of descriptors', () => {
  const ceilings = [0, 1, 2, 3, 4, 8].flatMap((free) => ['first', 'second'].map((which) => ({ free, which })))

  it.each(ceilings)('$free free, the $which fork: it works, or says EMFILE and has changed nothing', async (at) => {
    const end = (await run('ceiling', [], [String(at.free), at.which])) as { end: unknown }
    expect(end).toEqual({ end: at.free < 2 ? 'EMFILE' : end.end, then: 7, left: true })
    expect(['EMFILE', 7]).toContain(end.end)
    if (at.free > 3) expect(end.end).toBe(7)
  })
})

describe('a Node.js whose queues are not found', () => {
  it('ERR_FORK_UNSAFE says what, each time, and a fork that keeps the loop works', async () => {
    const what = 'timers, immediates, next ticks, rejections, what runs'
    const thrown = {
      code: 'ERR_FORK_UNSAFE',
      message: expect.stringContaining(`keeps ${what} where the library does not find them`),
    }
    expect(await runFixture('fork-unknown-node', 'refuses')).toEqual({ first: thrown, second: thrown, kept: 7 })
  })
})

describe('a Node.js that refuses the inspector', () => {
  it('ERR_FORK_UNSAFE says with what, and a fork that keeps the loop works', async () => {
    const node = execFileSync(process.env['POSIX_ASYNC_NODE'] ?? process.execPath, ['--version'], { encoding: 'utf8' })
    const flag = node.startsWith('v20.') ? '--experimental-permission' : '--permission'
    const nodeArgs = [flag, '--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*']
    const message = expect.stringMatching(/^fork: the inspector is refused here \(ERR_ACCESS_DENIED: /) as string
    const thrown = { code: 'ERR_FORK_UNSAFE', message }
    expect(await runFixture('fork-unknown-node', 'permission', { nodeArgs })).toEqual({ thrown, kept: 7 })
  })
})

describe('a seccomp filter that refuses process_vm_readv', () => {
  it('what is looked for in memory is found by another call: no Math.random repeats, nothing of V8’s is told', async () => {
    const source = 'test/fixtures/without-call.c'
    const under = [workshop.executable('without-vm-readv', ['-DREFUSED=SYS_process_vm_readv', source])]
    expect(await runFixture('fork-unknown-node', 'draws', { under })).toEqual({ sameAsParent: 0, different: 5 })
    expect(await runFixture('fork-engine', 'waitAsync', { under, timeout: 30_000 })).toEqual({})
  })
})

describe('libuv’s own ring', () => {
  it('ERR_FORK_UNSAFE names the variable that has libuv use it', async () => {
    const env = { UV_USE_IO_URING: '1' }
    const thrown = { code: 'ERR_FORK_UNSAFE', message: expect.stringContaining('UV_USE_IO_URING') }
    expect(await runFixture('fork-unknown-node', 'sharedRing', { env })).toEqual({ thrown, kept: 7 })
  })
})

describe('the signal that stops threads', () => {
  it('sent by others it does nothing: to the process, to each thread, with a value or without', async () => {
    expect(await run('stray')).toEqual({ ends: [7, 7, 7], works: true })
  })

  it('nor does it in a child', async () => {
    expect(await run('stray in the child')).toBe(7)
  })

  it.each(['before', 'after'])(
    'a handler that a library installed %s the first fork still hears of it',
    async (when) => {
      expect(await run('taken', [], [library, when])).toEqual({ first: 7, second: 7, heard: 1, works: 7 })
    },
  )
})
