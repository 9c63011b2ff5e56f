// posix-async serve as a service of systemd's: what it says to NOTIFY_SOCKET, and the listener that it is given.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  AF_UNIX,
  bind,
  close,
  MSG_DONTWAIT,
  POLLIN,
  pollAsync,
  recv,
  SOCK_DGRAM,
  socket,
} from '../../lib/posix/index.js'
import { program } from '../support/command.js'
import { Served } from '../support/served.js'

let folder: string
let manager: number

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posix-async-'))
  manager = socket(AF_UNIX, SOCK_DGRAM)
  bind(manager, { family: AF_UNIX, path: join(folder, 'notify') })
})
afterEach(() => {
  close(manager)
  rmSync(folder, { recursive: true })
})

async function heard(): Promise<string> {
  const buffer = Buffer.alloc(4096)
  await pollAsync([{ fd: manager, events: POLLIN, revents: 0 }], -1)
  return buffer.toString('utf8', 0, recv(manager, buffer, MSG_DONTWAIT)!)
}

const service = (env: NodeJS.ProcessEnv = {}, ...args: string[]): Served =>
  new Served(process.execPath, [program, 'serve', '--port', '0', '--workers', '2', ...args], {
    NOTIFY_SOCKET: join(folder, 'notify'),
    ...env,
  })

describe('NOTIFY_SOCKET', () => {
  it('hears that it is ready, reloads and is ready again, and stops', async () => {
    await using server = service()
    expect(await heard()).toBe('READY=1')
    expect(server.stdout).toMatch(/ listening on /)
    server.child.kill('SIGHUP')
    expect(await heard()).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+$/)
    expect(await heard()).toBe('READY=1')
    server.child.kill('SIGUSR2')
    expect(await heard()).toMatch(/^RELOADING=1\n/)
    expect(await heard()).toBe('READY=1')
    server.child.kill('SIGTERM')
    expect(await heard()).toBe('STOPPING=1')
    expect([await server.end(), server.stderr]).toEqual([0, ''])
  })

  it('is told again and again that it lives, where WATCHDOG_USEC asks', async () => {
    await using server = service({ WATCHDOG_USEC: '100000' })
    const said = new Set<string>()
    for (let i = 0; i < 4; i++) said.add(await heard())
    expect([...said].sort()).toEqual(['READY=1', 'WATCHDOG=1'])
    server.child.kill('SIGTERM')
    expect(await server.end()).toBe(0)
  })

  it('hears no life sign where another process is meant', async () => {
    await using server = service({ WATCHDOG_USEC: '1000', WATCHDOG_PID: '1' })
    expect(await heard()).toBe('READY=1')
    server.port = Number((await server.said(/ listening on \S+:(\d+), handler/))[1])
    expect(await server.ask('25')).toBe('121393')
    server.child.kill('SIGTERM')
    expect(await heard()).toBe('STOPPING=1')
    expect(await server.end()).toBe(0)
  })

  it('that nobody listens to any more is no reason to fail', async () => {
    await using server = service({ NOTIFY_SOCKET: join(folder, 'nobody') })
    await server.said(/ listening on /)
    server.child.kill('SIGTERM')
    expect([await server.end(), server.stderr]).toEqual([0, ''])
  })
})

it('LISTEN_FDS: serves on the listener that it is given, and tells no child of it', async () => {
  const give = `
    import os, socket, sys
    s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
    os.dup2(s.fileno(), 3); os.set_inheritable(3, True)
    os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='web')
    os.execv(sys.argv[1], sys.argv[1:])`.replaceAll('\n    ', '\n')
  const file = new URL('../fixtures/systemd-handler.mjs', import.meta.url).pathname
  const args = [program, 'serve', '--fd', 'systemd', '--workers', '1', '--handler', file]
  await using server = new Served('python3', ['-c', give, process.execPath, ...args])
  server.port = Number((await server.said(/ listening on \S+:(\d+), handler/))[1])
  expect(await server.ask('')).toBe('undefined undefined undefined')
  server.child.kill('SIGTERM')
  expect([await server.end(), server.stderr]).toEqual([0, ''])
})
