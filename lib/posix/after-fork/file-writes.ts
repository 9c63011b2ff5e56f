// Writes to files that are under way on the thread pool (fs.write, fs.writev), by which loggers and file streams write one after the other: a child that
// ends in good order has them done, and workers are forked between them, for what follows on a write of the parent's would wait for ever in a child.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { setTimeout } from '../internal/own-timers.js'

let underWay = 0
let waiting: (() => void)[] = []

type Write = (...args: unknown[]) => unknown

// In the next turn: what is told of a write that is done may begin another.
function done(): void {
  underWay--
  if (underWay === 0 && waiting.length > 0) setImmediate(tellIfDone)
}

function tellIfDone(): void {
  if (underWay > 0) return
  const told = waiting
  waiting = []
  for (const tell of told) tell()
}

const counted = (original: Write): Write =>
  function write(this: unknown, ...args) {
    const callback = args.at(-1)
    if (typeof callback !== 'function') return Reflect.apply(original, this, args)
    const result = Reflect.apply(original, this, [
      ...args.slice(0, -1),
      (...results: unknown[]) => {
        done()
        Reflect.apply(callback, undefined, results)
      },
    ]) // what is refused throws, and is not counted
    underWay++
    return result
  }

function countWrites(): void {
  for (const name of ['write', 'writev'] as const) {
    const original = fs[name] as unknown as Write
    const replacement = Object.defineProperties(counted(original), Object.getOwnPropertyDescriptors(original))
    Object.defineProperty(fs, name, { ...Object.getOwnPropertyDescriptor(fs, name), value: replacement })
  }
  syncBuiltinESMExports()
}

countWrites()

/** In a child: those of the parent are told of there only. */
export function forgetWrites(rehearsal = false): void {
  if (rehearsal) return
  underWay = 0
  waiting = []
}

/** Resolves when no write is under way, after so many milliseconds at the latest; undefined where none is. */
export function whenWritten(milliseconds: number): Promise<void> | undefined {
  if (underWay === 0) return undefined
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    waiting.push(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
