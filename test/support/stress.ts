// npm run stress [-- node ...]: the long size of test/fork/stress.test.ts, with each of these binaries in turn (default: this one).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const FORKS = 2000
const MEGABYTES = 100
const KINDS_EACH = 1
const program = fileURLToPath(new URL('../fixtures/fork-stress.js', import.meta.url))

interface Outcome {
  wrong: string[]
  repeats: number
}

// What a child throws on purpose is printed on standard error, and what went wrong is there too.
async function run(node: string): Promise<boolean> {
  const start = performance.now()
  const args = ['--expose-gc', program, ...[FORKS, MEGABYTES, KINDS_EACH].map(String)]
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [said, complaint] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (said += chunk))
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  if (code !== 0) {
    console.log(`${node}: ended with ${signal ?? `code ${code}`} after ${seconds} s\n${complaint.slice(-4096)}`)
    return false
  }
  const { wrong, repeats } = JSON.parse(said) as Outcome
  console.log(`${node}: ${FORKS} forks, ${wrong.length} wrong, ${repeats} repeats, ${seconds} s`)
  for (const line of wrong) console.log(`  ${line}`)
  return wrong.length + repeats === 0
}

const binaries = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath]
for (const node of binaries) if (!(await run(node))) process.exitCode = 1
