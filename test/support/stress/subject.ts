// One program under stress, watched from outside: the stacks of what hangs are written down, it is killed, and the rest goes on.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stacks } from '../stacks.js'
import type { StressOptions } from './options.js'
import { below, cpuOf, family, isRunnable, TICKS, uptime } from './processes.js'

const program = fileURLToPath(new URL('../../fixtures/fork-stress.js', import.meta.url))

const LOOK_EVERY = 2000 // milliseconds
const IDLE_TICKS = 3 // in that time: less is standing still
const SPINS = 15 // times the patience: what computes for so long hangs too, and so does a child with so much processor time as the patience

export interface Trial {
  node: string
  version: string
  seed: number
  forks: number
  processors: number
  preload: string
}

export interface Outcome {
  forks: number
  wrong: string[]
  repeats: number
  /** Files with stacks. */
  hangs: string[]
  /** How the program itself ended, where that was not well. */
  ended: string
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // gone meanwhile
  }
}

function begin({ node, seed, forks, processors, preload }: Trial, options: StressOptions): ChildProcess {
  const under = processors === 0 ? [] : ['taskset', '-c', Array.from({ length: processors }, (_, i) => i).join()]
  const args = ['--expose-gc', program, '--forks', String(forks), '--seed', String(seed), ...options.program]
  const [command, ...rest] = [...under, node, ...args]
  const env = { ...process.env, ...(preload ? { LD_PRELOAD: preload } : {}) }
  return spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'], env })
}

// Looks at the program every two seconds.
class Watch {
  readonly hangs: string[] = []
  #seen = new Map<number, number>() // the processor time of each process that is late, at the last look
  #lastLine = Date.now()

  readonly root: number
  readonly trial: Trial
  readonly options: StressOptions
  readonly plans: Map<number, string>

  constructor(root: number, trial: Trial, options: StressOptions, plans: Map<number, string>) {
    this.root = root
    this.trial = trial
    this.options = options
    this.plans = plans
  }

  heard(): void {
    this.#lastLine = Date.now()
  }

  look(): void {
    const late = below(this.root).filter(
      ({ parent, started }) => parent === this.root && uptime() - started > this.options.patience,
    )
    for (const { pid, started } of late) if (this.#hangs(pid, uptime() - started)) this.#end(pid, [pid])
    const silent = (Date.now() - this.#lastLine) / 1000
    if (late.length > 0 || silent < this.options.patience * 2) return
    if (this.#hangs(this.root, silent)) this.#end(this.root, [])
  }

  // Does it stand still, or compute without end?
  #hangs(pid: number, seconds: number): boolean {
    const cpu = cpuOf(pid)
    const before = this.#seen.get(pid)
    this.#seen.set(pid, cpu)
    if (before === undefined) return false
    const { patience } = this.options
    const spins = seconds > patience * SPINS || (pid !== this.root && cpu > patience * TICKS)
    return spins || (cpu - before < IDLE_TICKS && !isRunnable(pid))
  }

  #end(pid: number, others: number[]): void {
    const { version, seed } = this.trial
    const file = join(this.options.out, `${version}-seed${seed}-${pid}.txt`)
    const who = pid === this.root ? 'the parent' : `child ${pid}: ${this.plans.get(pid) ?? 'not known yet'}`
    const members = family(pid)
    const text = [...new Set([...others, ...members, this.root])].map((one) =>
      stacks(one, { frames: 40, timeout: 60_000 }),
    )
    mkdirSync(this.options.out, { recursive: true })
    writeFileSync(file, [`${JSON.stringify(this.trial)}`, `${who} hangs`, ...text].join('\n\n'))
    this.hangs.push(`${who}: ${file}`)
    for (const member of members.reverse()) signal(member, 'SIGKILL')
    this.#lastLine = Date.now()
  }
}

/** Runs it to its end. */
export async function run(trial: Trial, options: StressOptions): Promise<Outcome> {
  const child = begin(trial, options)
  const plans = new Map<number, string>()
  const watch = new Watch(child.pid!, trial, options, plans)
  let [line, complaint, report, forks] = ['', '', '', 0]
  child.stdout!.on('data', (chunk: Buffer) => {
    watch.heard()
    const lines = (line + String(chunk)).split('\n')
    line = lines.pop()!
    for (const one of lines) {
      const [, pid, plan] = /^child (\d+) (.*)/.exec(one) ?? []
      if (pid) plans.set(Number(pid), plan!)
      if (pid) forks++
      if (one.startsWith('{')) report = one
    }
  })
  child.stderr!.on('data', (chunk: Buffer) => (complaint = (complaint + String(chunk)).slice(-4096)))
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const looking = new AbortController()
  void (async () => {
    for (;;) {
      await delay(LOOK_EVERY, undefined, { signal: looking.signal })
      watch.look()
    }
  })().catch((error: unknown) => {
    if (!looking.signal.aborted) throw error
  })
  const [code, by] = await ended
  looking.abort()
  // That a child was killed for hanging is told already.
  const hung = watch.hangs.map((text) => / fork (\d+):/.exec(text)?.[1])
  const { wrong, repeats } = report ? (JSON.parse(report) as Outcome) : { wrong: [], repeats: 0 }
  const well = code === 0 && report !== ''
  return {
    forks,
    wrong: wrong.filter((text) => !hung.includes(text.split(':')[0])),
    repeats,
    hangs: watch.hangs,
    ended: well ? '' : `${by ?? `code ${code}`}\n${complaint}`,
  }
}
