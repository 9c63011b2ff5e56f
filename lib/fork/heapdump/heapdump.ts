// node --import posix-async/heapdump: heap snapshots of any program, taken in a child, when a signal comes and before the heap is full.
// What it does is told by environment variables, for it is loaded before the program. See: man 7 signal.
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { constants as performance, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import { invalidArgValue } from '../../errors.js'
import { writeHeapSnapshot } from '../heap-snapshot.js'
import { memoryRoom } from './memory-room.js'

const MIB = 1 << 20
// A snapshot takes up to so many times what is used of the heap, in the child.
const COST = 2

interface Settings {
  readonly signal: NodeJS.Signals
  readonly folder: string
  /** Bytes of the heap at which one is written; Infinity: none. */
  readonly at: number
}

const variable = (name: string): [name: string, value: string | undefined] => [
  `POSIX_ASYNC_HEAPDUMP_${name}`,
  process.env[`POSIX_ASYNC_HEAPDUMP_${name}`] || undefined,
]

function signalOf(): NodeJS.Signals {
  const [name, value = 'SIGUSR2'] = variable('SIGNAL')
  const signal = value.startsWith('SIG') ? value : `SIG${value}`
  if (!Object.hasOwn(constants.signals, signal)) throw invalidArgValue(name, 'must be the name of a signal', value)
  if (signal === 'SIGUSR1') throw invalidArgValue(name, "must not be that of Node.js's inspector", value)
  if (signal === 'SIGKILL' || signal === 'SIGSTOP') throw invalidArgValue(name, 'must be one that can be heard', value)
  return signal as NodeJS.Signals
}

const units: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

function sizeOf(): number {
  const [name, value] = variable('AT')
  if (value === undefined) return Infinity
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([KMG%]?)$/.exec(value) ?? []
  const size =
    unit === '%' ? (getHeapStatistics().heap_size_limit * Number(number)) / 100 : Number(number) * units[unit]!
  if (!(size > 0))
    throw invalidArgValue(name, "must be bytes ('1500M', '2G') or a part of the heap's limit ('80%')", value)
  return size
}

const settingsOf = (): Settings => ({ signal: signalOf(), folder: resolve(variable('DIR')[1] ?? '.'), at: sizeOf() })

const tell = (text: string): void => void process.stderr.write(`posix-async heapdump: ${text}\n`)
const inMib = (bytes: number): string => `${Math.ceil(bytes / MIB)} MiB`

class Heapdump {
  readonly #settings: Settings
  #count = 0
  #isWriting = false

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** One at a time. What keeps it from being written is told; the program goes on in any case. */
  async write(why: string): Promise<void> {
    if (this.#isWriting) return tell(`${why}: one is being written still`)
    this.#isWriting = true
    try {
      const lack = lackOfMemory()
      if (lack) tell(`${why}: no snapshot. ${lack}`)
      else tell(`${why}: ${await writeHeapSnapshot(this.#path())} is written`)
    } catch (error) {
      tell(`${why}: no snapshot. ${(error as Error).message}`)
    } finally {
      this.#isWriting = false
    }
  }

  #path(): string {
    const time = new Date().toISOString().replace(/[:.]/g, '-')
    return resolve(this.#settings.folder, `heap-${process.pid}-${time}-${++this.#count}.heapsnapshot`)
  }

  /** After each collection of the whole heap; once. */
  watchSize(): void {
    const { at } = this.#settings
    const observer = new PerformanceObserver((list) => {
      const wasMajor = list.getEntries().some((entry) => kindOf(entry) === performance.NODE_PERFORMANCE_GC_MAJOR)
      const used = getHeapStatistics().used_heap_size
      if (!wasMajor || used < at) return
      observer.disconnect()
      void this.write(`the heap has ${inMib(used)}`)
    })
    observer.observe({ entryTypes: ['gc'] })
  }
}

const kindOf = (entry: object): number | undefined => (entry as { detail?: { kind?: number } }).detail?.kind

// The OOM killer might choose the program in the place of its child.
function lackOfMemory(): string | undefined {
  const needed = getHeapStatistics().used_heap_size * COST
  const room = memoryRoom()
  return room < needed ? `It may take ${inMib(needed)}, and ${inMib(room)} of memory are left` : undefined
}

// In a Worker the heap is another one, and there is no fork.
if (isMainThread) {
  const settings = settingsOf()
  const heapdump = new Heapdump(settings)
  process.on(settings.signal, () => void heapdump.write(settings.signal))
  if (settings.at < Infinity) heapdump.watchSize()
}
