// How long a program stands still while its heap is written down: node snapshot.js forked|v8 MIB prints the longest pause of its event
// loop in milliseconds, and how long it took in all.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import v8 from 'node:v8'
import { writeHeapSnapshot } from 'posix-async'

const [side, mib] = process.argv.slice(2)
const ENTRY = 100 // bytes that an entry takes, about
const heap = Array.from({ length: (Number(mib) * 2 ** 20) / ENTRY }, (_, at) => ({ at, text: `entry ${at}` }))

const folder = mkdtempSync(join(tmpdir(), 'posix-async-snapshot-'))
const path = join(folder, 'one.heapsnapshot')

let going = true
let longest = 0
let last = performance.now()
function tick(): void {
  const now = performance.now()
  longest = Math.max(longest, now - last)
  last = now
  if (going) setImmediate(tick)
}

try {
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
  const began = (last = performance.now())
  setImmediate(tick)
  if (side === 'forked') await writeHeapSnapshot(path)
  else v8.writeHeapSnapshot(path)
  await new Promise((resolve) => setImmediate(resolve))
  going = false
  console.log(longest.toFixed(2), (performance.now() - began).toFixed(2))
} finally {
  rmSync(folder, { recursive: true })
}
if (heap.length === 0) throw new Error('the heap is gone') // it is in use until here
