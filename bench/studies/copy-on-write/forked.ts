// What it takes to have another process or thread work on data of this one: node forked.js forked|worker COUNT prints the milliseconds
// from the call to the sum of so many objects. A Worker is given a copy of them; a forked child has them.
import { Worker } from 'node:worker_threads'
import { forked } from 'posix-async'

const [side, count] = process.argv.slice(2)
const objects = Array.from({ length: Number(count) }, (_, value) => ({ value, name: `object ${value}` }))
const expected = (objects.length * (objects.length - 1)) / 2

const inChild = (): Promise<number> => forked(() => objects.reduce((sum, { value }) => sum + value, 0))

const code = `const { parentPort, workerData } = require('node:worker_threads')
parentPort.postMessage(workerData.reduce((sum, { value }) => sum + value, 0))`

function inWorker(): Promise<number> {
  return new Promise((resolve, reject) => {
    new Worker(code, { eval: true, workerData: objects }).once('message', resolve).once('error', reject)
  })
}

const began = performance.now()
const sum = await (side === 'forked' ? inChild() : inWorker())
const took = performance.now() - began
if (sum !== expected) throw new Error(`the sum is ${sum}`)
console.log(took.toFixed(2))
