// Saves a large table to disk while the program goes on changing it, as Redis does with BGSAVE: the child of a fork has the table as it was,
// and writes it down at its leisure. Usage: node checkpoint.js [FILE [ENTRIES]]
import { createWriteStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { checkpoint } from 'posix-async'

const [file = join(tmpdir(), 'table.ndjson'), entries = '1000000'] = process.argv.slice(2)
const table = new Map<string, number>()
let version = 0

// Change number n is the same in every run, so that the state after any number of them can be made again.
function change(): void {
  const key = (version * 7919) % Number(entries)
  if (version % 5 === 4) table.delete(`key ${key}`)
  else table.set(`key ${key}`, version)
  version++
}

function* lines(): Generator<string> {
  yield `${JSON.stringify({ version, entries: table.size })}\n`
  let batch = ''
  for (const entry of table) {
    batch += `${JSON.stringify(entry)}\n`
    if (batch.length < 65536) continue
    yield batch
    batch = ''
  }
  yield batch
}

// Runs in the child, where nothing changes any more. The file has its name only when it is whole and on the disk.
async function save(): Promise<{ version: number; entries: number }> {
  await pipeline(lines(), createWriteStream(`${file}.part`))
  const handle = await open(`${file}.part`, 'r+')
  await handle.sync()
  await handle.close()
  await rename(`${file}.part`, file)
  return { version, entries: table.size }
}

for (let i = 0; i < Number(entries); i++) table.set(`key ${i}`, -1)
for (let i = 0; i < 1000; i++) change()

let saving = true
const saved = checkpoint(save, { onFork: (pid) => console.log(`process ${pid} saves version ${version}`) })
void saved.finally(() => (saving = false)).catch(() => {})
while (saving) {
  for (let i = 0; i < 1000; i++) change()
  await new Promise((resolve) => setImmediate(resolve))
}
const { version: kept, entries: count } = await saved
console.log(`saved version ${kept} with ${count} entries to ${file}; the program is at version ${version} by now`)
