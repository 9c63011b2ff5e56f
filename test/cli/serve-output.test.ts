// posix-async serve goes on whatever becomes of its log, its standard output and its terminal; and a signal counts from the first moment.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, program, Running } from '../support/command.js'
import { childrenOf, reply, Served } from '../support/served.js'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posix-async-test-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

const workers = (...more: string[]): Promise<Served> => Served.start('--workers', '1', ...more)

// The master tells of a worker that was killed, and has replaced it when this resolves.
async function killWorker(server: Served): Promise<void> {
  const [before] = childrenOf(server.child.pid!)
  process.kill(before!, 'SIGKILL')
  await until(() => {
    const [now] = childrenOf(server.child.pid!)
    return now !== undefined && now !== before
  })
}

describe('the log', () => {
  it('standard error without a reader does not end the service', async () => {
    await using server = await workers()
    server.child.stderr!.destroy()
    for (let i = 0; i < 3; i++) await killWorker(server)
    expect(await server.ask('10')).toBe('89')
  })

  it('standard output without a reader does not end the service', async () => {
    await using server = await workers()
    server.child.stdout!.destroy()
    await killWorker(server)
    expect(await server.ask('10')).toBe('89')
  })

  it('a file that takes nothing (/dev/full) does not end the service', async () => {
    await using server = await workers('--log', '/dev/full')
    for (let i = 0; i < 2; i++) await killWorker(server)
    expect(await server.ask('10')).toBe('89')
  })

  it('a reader that pauses gets every line when it reads on, from standard error in blocking and in non-blocking mode', async () => {
    // The pipe is full before the service has it. The reader begins when three workers were killed.
    const script = `
import fcntl, os, subprocess, sys
r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETFL, os.O_NONBLOCK)
filled = 0
try:
    while True: filled += os.write(w, b'x' * 1024)
except BlockingIOError: pass
if sys.argv[1] == 'blocking': fcntl.fcntl(w, fcntl.F_SETFL, 0)
child = subprocess.Popen(sys.argv[2:], stderr=w)
os.close(w)
print(child.pid, flush=True)
sys.stdin.readline()
while filled > 0: filled -= len(os.read(r, filled))
text = b''
while text.count(b'was killed by SIGKILL') < 3: text += os.read(r, 65536)
sys.stdout.write('all read\\n'); sys.stdout.flush()
sys.stdin.readline()
child.terminate()
child.wait()`
    for (const mode of ['blocking', 'non-blocking']) {
      const serve = [process.execPath, program, 'serve', '--port', '0', '--workers', '1']
      const outer = spawn('python3', ['-c', script, mode, ...serve], { stdio: ['pipe', 'pipe', 'inherit'] })
      let said = ''
      outer.stdout.on('data', (chunk: Buffer) => (said += chunk))
      await until(() => /handler/.test(said))
      const pid = Number(/^(\d+)$/m.exec(said)![1])
      const port = Number(/:(\d+), handler/.exec(said)![1])
      for (let i = 0; i < 3; i++) await killWorker({ child: { pid } } as Served)
      expect(await reply(connect(port, '127.0.0.1').end('10'))).toBe('89')
      outer.stdin.write('read on\n')
      await until(() => said.includes('all read'))
      outer.stdin.end('end\n')
      expect(await once(outer, 'close')).toEqual([0, null])
    }
  })

  it('is not opened through a symbolic link', async () => {
    const [file, link] = [join(folder, 'precious'), join(folder, 'link')]
    writeFileSync(file, 'precious')
    symlinkSync(file, link)
    const { code, stderr } = await command(['serve', '--port', '0', '--log', link])
    expect([code, stderr]).toEqual([1, expect.stringContaining('ELOOP')])
    expect(readFileSync(file, 'utf8')).toBe('precious')
  })

  it('/dev/stdout, a link itself, is standard output', async () => {
    await using server = await workers('--log', '/dev/stdout')
    await killWorker(server)
    expect(await server.said(/worker 0 \(\d+\) was killed by SIGKILL/)).toBeTruthy()
  })
})

describe('a terminal', () => {
  it('whose window is resized does not stop the workers, also where standard input is /dev/null', async () => {
    const serve = `exec "${process.execPath}" "${program}" serve --port 0 --workers 1 </dev/null`
    const inTerminal = ['-c', 'import pty, sys; pty.spawn(sys.argv[1:])', 'sh', '-c', `echo "pid $$"; ${serve}`]
    await using terminal = new Running('python3', inTerminal)
    const port = Number((await terminal.said(/ listening on \S+:(\d+), handler/))[1])
    const pid = Number((await terminal.said(/pid (\d+)/))[1])
    const [worker] = childrenOf(pid)
    process.kill(pid, 'SIGWINCH')
    process.kill(pid, 'SIGTTIN') // comes after it, and what it does can be seen
    await until(() => childrenOf(pid).length === 2)
    expect([childrenOf(pid).includes(worker!), await reply(connect(port, '127.0.0.1').end('10'))]).toEqual([true, '89'])
    process.kill(pid, 'SIGTERM')
    await terminal.end()
  })
})

describe('SIGTERM while it starts', () => {
  it('ends it with 0, whatever keeps it from serving', async () => {
    const [slow, told] = [join(folder, 'slow.mjs'), join(folder, 'told')]
    writeFileSync(
      slow,
      `import { writeFileSync } from 'node:fs'
       const loading = setInterval(() => {}, 1000)
       const stopped = new Promise((resolve) => process.once('SIGTERM', () => setImmediate(resolve)))
       writeFileSync(${JSON.stringify(told)}, 'loading')
       await stopped
       clearInterval(loading)
       export default (conn) => conn.close()`,
    )
    await using server = new Running(process.execPath, [program, 'serve', '--port', '0', '--handler', slow])
    await until(() => {
      try {
        return readFileSync(told, 'utf8') === 'loading'
      } catch {
        return false
      }
    })
    server.child.kill('SIGTERM')
    expect([await server.end(), server.stdout, server.stderr]).toEqual([0, '', ''])
  })
})
