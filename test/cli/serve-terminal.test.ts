// posix-async serve on a terminal: Ctrl-C once and twice, and a window that changes its size.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { program, Running } from '../support/command.js'
import { childrenOf, inTheMiddle, reply } from '../support/served.js'

const hasScript = spawnSync('script', ['--version']).status === 0

// The only child of script(1) is the server: `exec` puts it in the shell's place.
async function onTerminal(model = '--model event'): Promise<{ server: Running; pid: number; port: number }> {
  const line = `exec ${process.execPath} ${program} serve ${model} --handler echo --port 0`
  const server = new Running('script', ['-qefc', line, '/dev/null'])
  const [, port] = await server.said(/ listening on \S+:(\d+), handler/)
  return { server, pid: childrenOf(server.child.pid!)[0]!, port: Number(port) }
}

it.skipIf(!hasScript)('the first SIGINT lets clients finish', async () => {
  const { server, pid, port } = await onTerminal()
  await using _ = server
  const client = await inTheMiddle(port)
  process.kill(pid, 'SIGINT')
  await server.said(/finishing what was begun; once more ends it at once/)
  client.end('second')
  expect(await reply(client)).toBe('second')
  expect(await server.end()).toBe(0)
})

it.skipIf(!hasScript)('the second SIGINT ends it at once', async () => {
  const { server, pid, port } = await onTerminal()
  await using _ = server
  const closed = once(await inTheMiddle(port), 'close')
  process.kill(pid, 'SIGINT')
  await server.said(/finishing what was begun; once more ends it at once/)
  process.kill(pid, 'SIGINT')
  expect(await server.end()).toBe(130)
  await closed
})

it.skipIf(!hasScript)('SIGWINCH says that the window has changed its size: the workers stay', async () => {
  const { server, pid } = await onTerminal('--workers 2')
  await using _ = server
  process.kill(pid, 'SIGWINCH')
  process.kill(pid, 'SIGTTIN')
  while (childrenOf(pid).length < 3) await new Promise((resolve) => setImmediate(resolve))
  process.kill(pid, 'SIGTERM')
  expect(await server.end()).toBe(0)
})
