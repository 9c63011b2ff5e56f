// Checks of what forking the whole runtime needs, and that it works.
import { execFile } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { messageOf } from '../failure.js'
import { atLeast, type Check, count, read, softLimit } from './finding.js'

const run = promisify(execFile)

const maps: Check = () => ({
  name: 'fork: memory maps',
  ok: read('/proc/self/maps') !== '' && atLeast(release(), '2.6.16'),
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
  const mask = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(read('/proc/self/status'))?.[1] ?? 'ffffffffffffffff'}`)
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

const works: Check = async () => {
  const finding = {
    name: 'fork: a child of this runtime',
    cure: 'see the lines above; report it where all of them say yes',
  }
  try {
    const { stdout } = await run(process.execPath, [fileURLToPath(new URL('fork-probe.js', import.meta.url))], {
      timeout: 10_000,
    })
    const detail = stdout.trim() === 'forked' ? 'forked, ran JavaScript, was waited for' : stdout.trim()
    return { ...finding, ok: stdout.trim() === 'forked', detail }
  } catch (error) {
    const { stderr = '', killed } = error as { stderr?: string; killed?: boolean }
    const line = stderr.split('\n').find((text) => /Error/.test(text))
    return { ...finding, ok: false, detail: killed ? 'the child hung' : (line ?? messageOf(error)).trim() }
  }
}

export const forking: readonly Check[] = [maps, taskList, signals, works]
