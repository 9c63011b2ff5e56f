// The Async Server runs as it stands: uploads of 100 MB, two at once, each in a process of its own.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect, readAll } from '../support/clients.js'
import { Running } from '../support/command.js'

const compiled = (name: string): string => fileURLToPath(new URL(`../../dist/examples/${name}.js`, import.meta.url))
const MEGABYTE = 1_000_000
const MEGABYTES = 100
const SIZE = MEGABYTES * MEGABYTE

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

// Sends so many megabytes, each different, and gives their hash so far.
async function send(socket: Socket, hash: ReturnType<typeof createHash>, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    const part = Buffer.alloc(MEGABYTE, `${socket.localPort} ${n} `)
    hash.update(part)
    if (!socket.write(part)) await once(socket, 'drain')
  }
}

describe('async-server', () => {
  let folder: string
  let server: Running
  let port: number
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'async-server-'))
    server = new Running(process.execPath, [compiled('async-server'), '0', folder])
    port = Number((await server.said(/listening on port (\d+)/))[1])
  })
  afterEach(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  const stop = (): Promise<unknown> => {
    server.child.kill('SIGTERM')
    return server.end()
  }
  // The server's words, in their order: "begun 1 by 4711", "received 2 by 4712".
  const story = (): string[] =>
    [...server.stdout.matchAll(/^process (\d+) (receives|received) \S*\/upload-(\d)/gm)].map(
      ([, pid, verb, number]) => `${verb} ${number} ${pid}`,
    )

  it('two uploads of 100 MB are received at once, by two processes, byte for byte', async () => {
    const clients = [await connect({ host: '127.0.0.1', port }), await connect({ host: '127.0.0.1', port })]
    const hashes = clients.map(() => createHash('sha256'))
    const half = MEGABYTES / 2
    for (const [i, client] of clients.entries()) {
      await Promise.all([send(client, hashes[i]!, 0, half), server.said(new RegExp(`receives \\S*/upload-${i + 1}\n`))])
    }
    // Both are half done, and both have their process; now the other half of both.
    expect(story().map((line) => line.split(' ')[0])).toEqual(['receives', 'receives'])
    const replies = await Promise.all(
      clients.map(async (client, i) => {
        await send(client, hashes[i]!, half, MEGABYTES)
        client.end()
        return String(await readAll(client))
      }),
    )
    await server.said(/(received .*\n[^]*){2}/)
    expect(replies).toEqual([`${SIZE} bytes received\n`, `${SIZE} bytes received\n`])
    expect(await stop()).toBe(0)
    const [first, second] = story().map((line) => line.split(' ')[2])
    expect(story().toSorted()).toEqual(
      [`received 1 ${first}`, `received 2 ${second}`, `receives 1 ${first}`, `receives 2 ${second}`].toSorted(),
    )
    expect(first).not.toBe(second)
    for (const [i, hash] of hashes.entries()) {
      expect(await sha256Of(join(folder, `upload-${i + 1}`))).toBe(hash.digest('hex'))
    }
    expect(server.stderr).toBe('')
  })

  it('async-client uploads 100 MB, twice at once, and the files are what it sent', async () => {
    const clients = [1, 2].map(() => new Running(process.execPath, [compiled('async-client'), String(port)]))
    expect(await Promise.all(clients.map((client) => client.end()))).toEqual([0, 0])
    await server.said(/(received .*\n[^]*){2}/)
    expect(await stop()).toBe(0)
    const sent = clients.map(({ stdout }) => /sha256 (\w+)/.exec(stdout)?.[1])
    const files = readdirSync(folder).map((name) => join(folder, name))
    expect(files.map((file) => statSync(file).size)).toEqual([SIZE, SIZE])
    expect((await Promise.all(files.map(sha256Of))).toSorted()).toEqual(sent.toSorted())
    expect(clients.map(({ stdout }) => stdout.split('\n')[0])).toEqual(
      Array(2).fill(`the server says: ${SIZE} bytes received`),
    )
  })

  it('a client that is reset in the middle costs its own file, and the server goes on', async () => {
    const broken = await connect({ host: '127.0.0.1', port })
    broken.write(Buffer.alloc(MEGABYTE))
    await server.said(/receives \S*\/upload-1\n/)
    broken.resetAndDestroy()
    await server.said(/process \d+ exited with 1 after .*upload-1 is removed\n/)
    const whole = await connect({ host: '127.0.0.1', port })
    whole.end('short')
    expect(String(await readAll(whole))).toBe('5 bytes received\n')
    await server.said(/received \S*\/upload-2: 5 bytes/)
    expect(await stop()).toBe(0)
    expect(readdirSync(folder)).toEqual(['upload-2'])
    expect(server.stderr).toMatch(/^process \d+: ECONNRESET: .*, read\n$/)
  })
})
