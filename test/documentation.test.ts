// The documentation is true: every TypeScript sample compiles and does what the text says, and every link leads somewhere.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connect, readAll } from './support/clients.js'
import { Running } from './support/command.js'
import { root } from './support/compile.js'
import { noRing, whyNoRing } from './support/io-uring.js'
import { samplesOf } from './support/samples.js'

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/choosing.md',
  'docs/compare.md',
  'docs/errors.md',
  'docs/fork.md',
  'docs/forked-workers.md',
  'docs/io-models.md',
  'docs/posix.md',
  'docs/security.md',
  'docs/servers.md',
  'docs/threads.md',
]
const { samples, complaints } = samplesOf(documents)

// What a sample prints, or, where it serves, what it replies to a request.
const prints: Record<string, RegExp> = {
  'readme-4': /^sync .*\nfork .*\nthread .*\nevent .*port: \d+ }\n$/,
  'readme-5': /^from process \d+\nexit status 7\n$/,
  'readme-6': /^the pipe is ready\n$/,
  'readme-7': /^\[ 10946, 17711, 28657 \]\n$/,
  'readme-8': /^3 pages by one system call\n$/,
  'errors-1': /^EBADF -9 close\n$/,
  'fork-1': /^42\n$/,
  'fork-2': /^499500000\n$/,
  'fork-3': /^\[ 1, 2, 3 \]\n$/,
  'fork-4': /^\[\["home",1\]\] 2\n$/,
  'fork-5': /^true\n$/,
  'forked-workers-1': /^42\n\{ code: 0, signal: null \}\n$/,
  'forked-workers-2': /^hello from the worker\n$/,
  'forked-workers-3': /^\[ 7, 8 \]\n7\n700\n$/,
  'fork-8': /^false\n$/,
  'io-models-1': /^alpha\n$/,
  'io-models-2': /^null\n5\n$/,
  'io-models-3': /^\[ (\d+) \]\n\[ \1 \]\n\[ \1 \]\n$/,
  'io-models-4': /^4\n4\n4\n$/,
  'io-models-5': /^\[ 8, 4 \] epsilon \n$/,
  'io-models-6': /^7\n$/,
  'threads-1': /^null\n20\n$/,
}
const replies: Record<string, { to: string; with: RegExp }> = {
  'readme-1': { to: '10', with: /^89$/ },
  'readme-2': { to: '10', with: /^89$/ },
  'readme-3': { to: 'hello', with: /^hello$/ },
  'fork-6': { to: 'one two three', with: /^3 counted by process \d+$/ },
  'fork-7': { to: 'word77', with: /^77$/ },
  'servers-1': { to: 'hello', with: /^hello$/ },
  'servers-2': { to: '', with: /^noted$/ },
  'servers-3': { to: 'GET /why HTTP/1.0\r\n\r\n', with: /you asked for \/why\n$/ },
  'servers-4': { to: 'GET / HTTP/1.0\r\n\r\n', with: /no WebSocket$/ },
  'servers-5': { to: 'hello', with: /^\d+ read hello$/ },
}

async function ask(port: number, text: string): Promise<string> {
  const socket = await connect({ host: '127.0.0.1', port })
  socket.end(text)
  return String(await readAll(socket))
}

describe('samples', () => {
  it('compile', () => expect(complaints).toEqual([]))
  it('are all known here', () => {
    expect(samples.map(({ name }) => name).toSorted()).toEqual(
      [...Object.keys(prints), ...Object.keys(replies)].toSorted(),
    )
  })
  const printing = samples.filter(({ serves }) => !serves)
  const usesRing = ({ program }: { program: string }): boolean => /new Ring\b/.test(readFileSync(program, 'utf8'))
  const print = async ({ name, program }: { name: string; program: string }): Promise<void> => {
    await using sample = new Running(process.execPath, [program])
    expect(await sample.end()).toBe(0)
    expect(sample.stderr).toBe('')
    expect(sample.stdout).toMatch(prints[name]!)
  }
  it.each(printing.filter((one) => !usesRing(one)))('$name prints what it says', print)
  it.skipIf(noRing).each(printing.filter(usesRing))(`$name prints what it says${whyNoRing}`, print)
  it.each(samples.filter(({ serves }) => serves))('$name serves', async ({ name, program }) => {
    await using sample = new Running(process.execPath, [program])
    const [, port] = await sample.said(/"port":(\d+)/)
    expect(await ask(Number(port), replies[name]!.to)).toMatch(replies[name]!.with)
    expect(sample.stderr).toBe('')
  })
})

describe.each(documents)('%s', (file) => {
  const text = readFileSync(join(root, file), 'utf8')
  it('links to files that are there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target]) => target!)
    expect(targets.filter((target) => !existsSync(join(root, dirname(file), target)))).toEqual([])
  })
  it('names scripts that are there', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name!)
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
  })
})
