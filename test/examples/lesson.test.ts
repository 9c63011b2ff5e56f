// The lesson as it stands, in TypeScript and in C: the same replies; and what goes wrong where a line is left out.
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, readAll } from '../support/clients.js'
import { Running } from '../support/command.js'
import { Workshop } from '../support/compile.js'
import { childrenOf } from '../support/served.js'

const compiled = (name: string): string =>
  fileURLToPath(new URL(`../../dist/examples/lesson/${name}.js`, import.meta.url))
const source = (name: string): string => `examples/lesson/${name}.c`

const workshop = new Workshop()
let library: string
beforeAll(() => (library = workshop.sharedObject('thread.so', ['-pthread', source('thread')])))
afterAll(() => workshop[Symbol.dispose]())

async function ask(port: number, text: string): Promise<string> {
  const socket = await connect({ host: '127.0.0.1', port })
  socket.write(text)
  return String(await readAll(socket))
}

describe.each(['process', 'thread', 'event'])('the server with a %s', (name) => {
  it.each(['TypeScript', 'C'])('in %s', async (language) => {
    const program =
      language === 'C'
        ? new Running(workshop.executable(name, ['-pthread', source(name)]), ['0'])
        : new Running(process.execPath, [compiled(name), '0', library])
    await using server = program
    const port = Number((await server.said(/^port (\d+)$/m))[1])
    const asked = ['10', '0', '1', '20', '10']
    const replies = []
    for (const text of asked) replies.push(await ask(port, text))
    expect(replies).toEqual(['89', '1', '1', '10946', '89'])
    expect(await Promise.all(asked.map((text) => ask(port, text)))).toEqual(replies)
    if (name === 'process') expect(childrenOf(server.child.pid!).length).toBeLessThan(6) // it waits for them
    server.child.kill('SIGKILL')
    await server.end()
  })
})

describe('without a line of it', () => {
  it.each([
    [
      'parent-keeps-connection',
      /^port \d+\nthe reply: 89\nno end of the reply, for the parent still has the connection\nthe end of the reply, now that it has closed it\n$/,
    ],
    [
      'child-keeps-listener',
      /^port \d+\nthe port is taken: EADDRINUSE\nthe port is free, now that the child is gone\n$/,
    ],
    ['no-waitpid', /^state Z: a zombie, for nobody has waited for it\ngone, now that it was waited for\n$/],
  ])('%s', async (name, output) => {
    await using program = new Running(process.execPath, [compiled(`wrong/${name}`)])
    expect(await program.end()).toBe(0)
    expect(program.stdout).toMatch(output)
  })
})
