// Checks of what forking the whole runtime needs, and that it works.
import { execFile } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { forked } from 'posix-async'
import { messageOf } from '../failure.js'
import { kept, type PromiseOfFork } from './fork-promise-names.js'
import { atLeast, type Check, count, readText, softLimit } from './finding.js'

const run = promisify(execFile)

const maps: Check = () => ({
  name: 'fork: memory maps',
  ok: readText('/proc/self/maps') !== '' && atLeast(release(), '2.6.16'),
  detail: 'madvise(MADV_DOFORK) on what /proc/self/maps lists',
  cure: 'mount /proc, and allow this process to read its own /proc/self/maps',
})

const taskList: Check = () => {
  const name = 'fork: threads'
  try {
    if (readlinkSync('/proc/self') !== String(process.pid)) {
      const detail = '/proc is that of another pid namespace'
      return { name, ok: false, detail, cure: 'mount /proc in this pid namespace (unshare --mount-proc)' }
    }
    const detail = `/proc/self/task lists ${readdirSync('/proc/self/task').length}`
    return { name, ok: true, detail }
  } catch {
    const detail = '/proc/self/task cannot be read'
    return { name, ok: false, detail, cure: 'mount /proc without hidepid for this user' }
  }
}

/** Which real-time signals (34 to 64) this process has no handler for: bit n - 1 of SigCgt is signal n. */
function freeRealTimeSignals(): number {
  const mask = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(readText('/proc/self/status'))?.[1] ?? 'ffffffffffffffff'}`)
  return Array.from({ length: 31 }, (_, index) => 33n + BigInt(index)).filter((bit) => ((mask >> bit) & 1n) === 0n)
    .length
}

const signals: Check = () => {
  const free = freeRealTimeSignals()
  const pending = softLimit('Max pending signals')
  return {
    name: 'fork: real-time signals',
    ok: free > 0 && pending > 0,
    detail: `${free} of 31 free, ${count(pending)} may be pending`,
    cure: 'ulimit -i 1024; a library that takes all real-time signals must leave one',
  }
}

// Told before a child is made, and before a signal that is aborted is looked at.
const results: Check = async () => {
  const refusal = await forked(() => {}, { signal: AbortSignal.abort() }).catch((error: Error) => error)
  const ok = (refusal as NodeJS.ErrnoException).code !== 'ERR_POSIX_ASYNC_UNAVAILABLE'
  return {
    name: 'fork: results of children',
    ok,
    detail: ok ? 'structured clones are of a format that is known' : messageOf(refusal),
    cure: 'a Node.js that this version of the library supports; without it forked() and checkpoint() refuse, fork() works',
    optional: true,
  }
}

interface Told {
  name: PromiseOfFork
  wrong?: string
}

// One after the other, as a program whose end is no matter: what it had to say until then counts.
async function tryPromises(): Promise<{ told: Told[]; end: string }> {
  const program = fileURLToPath(new URL('fork-promises.js', import.meta.url))
  const { stdout, end } = await run(process.execPath, [program], { timeout: 60_000, killSignal: 'SIGKILL' }).then(
    (result) => ({ ...result, end: '' }),
    (error: Error & { stdout?: string; stderr?: string; killed?: boolean }) => {
      const line = error.stderr?.split('\n').find((text) => /Error/.test(text))
      return { stdout: error.stdout ?? '', end: error.killed ? 'it hung' : (line ?? messageOf(error)).trim() }
    },
  )
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  return { told: lines.map((line) => JSON.parse(line) as Told), end }
}

let tried: ReturnType<typeof tryPromises> | undefined

const promise =
  (name: PromiseOfFork): Check =>
  async () => {
    const { told, end } = await (tried ??= tryPromises())
    const found = told.find((one) => one.name === name)
    const wrong = found ? found.wrong : `not tried: ${end}`
    return {
      name: `fork: ${name}`,
      ok: wrong === undefined,
      detail: wrong ?? kept[name],
      cure: 'docs/fork.md says where fork() works; report it where all lines above say yes',
    }
  }

const promises = (Object.keys(kept) as PromiseOfFork[]).map(promise)

export const forking: readonly Check[] = [maps, taskList, signals, results, ...promises]
