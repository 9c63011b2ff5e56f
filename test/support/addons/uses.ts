// What other addons are used for, in a few lines each: a use that works gives true. The packages are not this package's: they are loaded from
// the folder that `npm run addons` has put them into.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Use = () => Promise<boolean>

// Their types are not installed.
/* eslint-disable @typescript-eslint/no-explicit-any */
type Package = any

const scratch = (): string => mkdtempSync(join(tmpdir(), 'posix-async-addon-'))

/** By package: loads it, and gives what uses it. */
export const uses: Record<string, (load: (name: string) => Package) => Use> = {
  sharp: (load) => {
    const sharp = load('sharp')
    const create = { width: 600, height: 400, channels: 3, background: '#336699' }
    return async () => (await sharp({ create }).resize(300).blur(2).jpeg().toBuffer()).length > 100
  },

  '@parcel/watcher': (load) => {
    const watcher = load('@parcel/watcher')
    const folder = scratch()
    let seen = 0
    const subscribed = watcher.subscribe(folder, (error: Error | null, events: unknown[]) => {
      seen += error ? 0 : events.length
    })
    return async () => {
      await subscribed
      const before = seen
      for (let i = 0; i < 100 && seen === before; i++) {
        writeFileSync(join(folder, `file-${process.pid}-${seen}-${i}`), 'x')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return seen > before
    }
  },

  zeromq: (load) => {
    const { Request, Reply } = load('zeromq')
    return async () => {
      const [reply, request] = [new Reply(), new Request()]
      await reply.bind('tcp://127.0.0.1:*')
      request.connect(reply.lastEndpoint)
      await request.send('asked')
      const [asked] = await reply.receive()
      await reply.send(`${asked} and answered`)
      const [answer] = await request.receive()
      request.close()
      reply.close()
      return String(answer) === 'asked and answered'
    }
  },

  'better-sqlite3': (load) => {
    const database = new (load('better-sqlite3'))(':memory:')
    database.exec('create table numbers (number)')
    return () => {
      database.prepare('insert into numbers values (?)').run(7)
      return Promise.resolve(database.prepare('select max(number) as most from numbers').get().most === 7)
    }
  },

  lmdb: (load) => {
    const database = load('lmdb').open({ path: scratch() })
    return async () => {
      await database.put('key', process.pid)
      return database.get('key') === process.pid
    }
  },

  '@swc/core': (load) => {
    const swc = load('@swc/core')
    return async () =>
      (await swc.transform('const a: number = 1', { jsc: { parser: { syntax: 'typescript' } } })).code.includes('a = 1')
  },

  esbuild: (load) => {
    const esbuild = load('esbuild')
    return async () => (await esbuild.transform('let a: number = 1', { loader: 'ts' })).code.includes('a = 1')
  },
}

/** Loads `name` from the folder, and gives its use. */
export function useOf(name: string, folder: string): Use {
  return uses[name]!(createRequire(join(folder, 'package.json')))
}
