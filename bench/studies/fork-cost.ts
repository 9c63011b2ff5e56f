// What a fork of the whole runtime costs, with so much on its heap: node fork-cost.js MIB COUNT prints microseconds, one line a cycle of
// fork, _exit in the child, and waitpid. The C peer is bench/c/fork-cost.c.
import { _exit, fork, waitpid } from 'posix-async/posix'

const MEBIBYTE = 2 ** 20
const [mib, count] = process.argv.slice(2).map(Number) as [number, number]

// Arrays of numbers, a mebibyte each, on the heap of JavaScript.
const grown = Math.max(0, Math.round(mib - process.memoryUsage().rss / MEBIBYTE))
const heap = Array.from({ length: grown }, (_, at) => new Array<number>(MEBIBYTE / 8).fill(at + 0.5))

function cycle(): number {
  const began = process.hrtime.bigint()
  const pid = fork()
  if (pid === 0) _exit(0)
  waitpid(pid, 0)
  return Number(process.hrtime.bigint() - began) / 1000
}

const times = Array.from({ length: count }, cycle)
if (heap.length !== grown) throw new Error('the heap is gone') // it is in use until here
for (const time of times) console.log(time.toFixed(1))
