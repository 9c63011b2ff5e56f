// posix-async serve --workers, as a user runs it: signals, and what becomes of the workers.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { command, program } from '../support/command.js'
import { childrenOf, inTheMiddle, reply, Served } from '../support/served.js'

const start = (...args: string[]) => Served.start('--model', 'fork', '--workers', '2', ...args)

function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1))
}

const workersOf = (server: Served): number[] => childrenOf(server.child.pid!).filter(runs)

// Nothing where it has ended since it was seen.
function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0.*/s, '').trim()
  } catch {
    return ''
  }
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('serve --workers', () => {
  it.each(['SIGTERM', 'SIGQUIT'] as const)(
    'A59 (gunicorn test_signal_integration: test_graceful_shutdown_sigterm): %s finishes what was begun, code 0',
    async (signal) => {
      await using server = await start('--handler', 'echo')
      const workers = workersOf(server)
      const client = await inTheMiddle(server.port)
      server.child.kill(signal)
      await until(() => workersOf(server).length === 1)
      client.end('second')
      expect(await reply(client)).toBe('second')
      expect([workers.length, await server.end(), server.stderr, workers.filter(runs)]).toEqual([2, 0, '', []])
    },
  )

  it('SIGINT ends it at once where there is no terminal, workers included', async () => {
    await using server = await start('--handler', 'echo')
    const workers = workersOf(server)
    await inTheMiddle(server.port)
    server.child.kill('SIGINT')
    expect(await server.end()).toBe(130)
    await until(() => !workers.some(runs))
  })

  it('a signal to the whole process group, as a terminal sends it, is the master’s to answer', async () => {
    await using server = await start('--handler', 'echo')
    const client = await inTheMiddle(server.port)
    for (const pid of workersOf(server)) for (const name of ['SIGTERM', 'SIGINT'] as const) process.kill(pid, name)
    server.child.kill('SIGTERM')
    client.end('second')
    expect(await reply(client)).toBe('second')
    expect(await server.end()).toBe(0)
  })

  it('A60 (gunicorn test_signal_integration: test_sighup_reload): three times SIGHUP under load, and no request fails', async () => {
    await using server = await start()
    let [done, failed, on] = [0, 0, true]
    const lane = async (): Promise<void> => {
      while (on)
        await server.ask('10').then(
          (text) => (text === '89' ? done++ : failed++),
          () => failed++,
        )
    }
    const lanes = Promise.all([lane(), lane(), lane(), lane()])
    for (let i = 0; i < 3; i++) {
      const before = workersOf(server)
      const more = done + 20
      server.child.kill('SIGHUP')
      await until(() => done >= more && !before.some(runs) && workersOf(server).length === 2)
    }
    on = false
    await lanes
    expect([failed, server.stderr]).toEqual([0, ''])
    server.child.kill('SIGTERM')
    expect(await server.end()).toBe(0)
  })

  it('SIGHUP loads the handler anew; one that is broken leaves the old one', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'handler.mjs')
      const write = (text: string) => writeFileSync(file, text)
      write(`export default (conn) => conn.writeSync('one')`)
      await using server = await start('--handler', file)
      expect(await server.ask('')).toBe('one')
      write('this is no JavaScript')
      server.child.kill('SIGHUP')
      await server.said(/handler\.mjs could not be loaded/, 'stderr')
      expect(await server.ask('')).toBe('one')
      write(`export default (conn) => conn.writeSync('two')`)
      server.child.kill('SIGHUP')
      await until(async () => (await server.ask('')) === 'two')
    }))

  it('TTIN and TTOU count, WINCH lets all go, HUP brings them back; their titles say who is who', async () => {
    await using server = await start()
    expect(titleOf(server.child.pid!)).toBe('posix-async master')
    expect(workersOf(server).map(titleOf).sort()).toEqual([0, 1].map((id) => `posix-async (gen:1) worker[${id}] ready`))
    server.child.kill('SIGTTIN')
    await until(() => workersOf(server).length === 3)
    server.child.kill('SIGTTOU')
    await until(() => workersOf(server).length === 2)
    server.child.kill('SIGWINCH')
    await until(() => workersOf(server).length === 0)
    server.child.kill('SIGHUP')
    expect(await server.ask('10')).toBe('89')
    await until(() => workersOf(server).length === 2)
  })

  it('USR2 forks all workers from a warm one; HUP forks them from the master again', async () => {
    await using server = await start()
    expect(await server.ask('10')).toBe('89')
    const before = workersOf(server)
    const titles = () => workersOf(server).map(titleOf).sort()
    server.child.kill('SIGUSR2')
    await until(
      () => titles().length === 3 && titles().every((title) => / mold$|gen:2\) worker\[[01]\] ready$/.test(title)),
    )
    expect(titles()[0]).toBe('posix-async (gen:1) mold')
    expect(before.filter(runs)).toHaveLength(1)
    expect(await server.ask('10')).toBe('89')
    server.child.kill('SIGHUP')
    await until(() => titles().length === 2 && titles().every((title) => /gen:3\) worker\[[01]\] ready$/.test(title)))
    server.child.kill('SIGTERM')
    expect([await server.end(), server.stderr]).toEqual([0, ''])
  })

  it('HUP with a handler that cannot start leaves the old ones, and the count that TTIN has made', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'handler.mjs')
      writeFileSync(file, `export default (conn) => conn.writeSync('one')`)
      await using server = await start('--handler', file, '--spawn-timeout', '5s')
      server.child.kill('SIGTTIN')
      await until(
        () =>
          workersOf(server)
            .map(titleOf)
            .filter((title) => title.endsWith('ready')).length === 3,
      )
      const before = workersOf(server)
      writeFileSync(file, 'export default 7')
      server.child.kill('SIGHUP')
      await server.said(/posix-async: [^\n]*handler/, 'stderr')
      expect(workersOf(server)).toEqual(before)
      writeFileSync(file, `export default (conn) => conn.writeSync('two')`)
      server.child.kill('SIGHUP')
      await until(() => !before.some(runs) && workersOf(server).length === 3)
      expect(await server.ask('')).toBe('two')
    }))

  it('ABRT to a worker ends that one, and another takes its place', async () => {
    await using server = await start()
    const [first] = workersOf(server)
    process.kill(first!, 'SIGABRT')
    await server.said(new RegExp(`worker [01] \\(${first}\\) was killed by SIGABRT`), 'stderr')
    await until(() => workersOf(server).length === 2)
  })

  it('USR1 opens the log anew where there is one', () =>
    inFolder(async (folder) => {
      const [log, old] = [join(folder, 'log'), join(folder, 'log.1')]
      await using server = await start('--log', log)
      const killOne = async (file: string): Promise<void> => {
        const [victim] = workersOf(server)
        process.kill(victim!, 'SIGKILL')
        await until(() => existsSync(file) && readFileSync(file, 'utf8').includes(`(${victim}) was killed by SIGKILL`))
        await until(() => workersOf(server).length === 2)
      }
      await killOne(log)
      renameSync(log, old)
      await killOne(old)
      server.child.kill('SIGUSR1')
      await until(() => existsSync(log))
      await killOne(log)
      expect(server.stderr).toBe('')
    }))

  it('USR1 is Node’s where there is no log: it starts the inspector', async () => {
    await using server = new Served(process.execPath, [
      '--inspect-port=0',
      program,
      'serve',
      '--port',
      '0',
      '--workers',
      '2',
    ])
    await server.said(/ listening on /)
    server.child.kill('SIGUSR1')
    await server.said(/Debugger listening on/, 'stderr')
    server.child.kill('SIGTERM')
    expect(await server.end()).toBe(0)
  })

  it('a second TERM ends it at once', async () => {
    await using server = await start('--handler', 'echo')
    const workers = workersOf(server)
    await inTheMiddle(server.port)
    server.child.kill('SIGTERM')
    await until(() => workersOf(server).length === 1)
    server.child.kill('SIGTERM')
    expect(await server.end()).toBe(128 + 15)
    await until(() => !workers.some(runs))
  })

  it('WEB_CONCURRENCY says how many', async () => {
    const running = new Served(process.execPath, [program, 'serve', '--port', '0', '--workers', 'auto'], {
      WEB_CONCURRENCY: '3',
    })
    await using server = running
    await server.said(/ listening on /)
    expect(workersOf(server)).toHaveLength(3)
    const wrong = { ...process.env, WEB_CONCURRENCY: 'many' }
    const { code, stderr } = await command(['serve', '--port', '0', '--workers', 'auto'], { env: wrong })
    expect([code, /WEB_CONCURRENCY/.test(stderr)]).toEqual([1, true])
  })

  it('a worker that is killed is told of and replaced', async () => {
    await using server = await start()
    const [victim] = workersOf(server)
    process.kill(victim!, 'SIGKILL')
    await server.said(new RegExp(`^posix-async: worker [01] \\(${victim}\\) was killed by SIGKILL\n`), 'stderr')
    await until(() => workersOf(server).length === 2)
    expect(await server.ask('10')).toBe('89')
  })

  it('the master killed: its idle workers leave', async () => {
    await using server = await start()
    const workers = workersOf(server)
    server.child.kill('SIGKILL')
    await server.end()
    await until(() => !workers.some(runs))
  })

  it('A54 (Node test-cluster-primary-error): the master throws: code 1, and no worker is left', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'master.mjs')
      const index = new URL('../../dist/lib/index.js', import.meta.url).href
      writeFileSync(
        file,
        `import { forkServer } from '${index}'
         const server = await forkServer({ host: '127.0.0.1', workers: 2 }, () => {})
         console.log(JSON.stringify(server.workers.map(({ pid }) => pid)))
         setImmediate(() => { throw new Error('the master fails') })`,
      )
      const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 10_000 })
      expect([status, /the master fails/.test(stderr)]).toEqual([1, true])
      const workers = JSON.parse(stdout) as number[]
      expect(workers).toHaveLength(2)
      await until(() => !workers.some(runs))
    }))

  it('a worker that cannot start ends it with 3', async () => {
    const args = ['serve', '--port', '0', '--workers', '2', '--user', '0', '--group', '0']
    const { code, stderr } = await command(args, {
      under: ['setpriv', '--bounding-set=-setgid', '--reuid=61974', '--clear-groups'],
    })
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/^posix-async: worker [01] could not start: EPERM: [^\n]*, setgroups\n$/),
    ])
  })

  it.each([
    [['--model', 'event', '--workers', '2'], '--workers is an option of the fork model, and this is event'],
    [['--workers', '2', '--max-children', '2'], '--max-children is for a child a client'],
    [['--max-requests', '2'], '--max-requests is for --workers'],
    [['--refork-after', '2'], '--refork-after is for --workers'],
    [['--workers', '0'], 'It must be a whole number from 1 to 4096.'],
  ])('refuses %j as wrong usage', async (args, why) => {
    const { code, stderr } = await command(['serve', ...args])
    expect([code, stderr.includes(why)]).toEqual([2, true])
  })
})
