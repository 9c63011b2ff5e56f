// npm run stress [-- options] [node ...]: forks by the thousand with each of these binaries in turn (default: this one), see --help.
import { basename } from 'node:path'
import { execFileSync } from 'node:child_process'
import { parse, type StressOptions } from './stress/options.js'
import { run, type Outcome, type Trial } from './stress/subject.js'

interface Total {
  forks: number
  wrong: number
  repeats: number
  hangs: number
  ends: number
}

const options = parse(process.argv.slice(2))
const began = performance.now()
const minutes = (): number => (performance.now() - began) / 60_000

const versions = new Map(
  options.nodes.map((node) => [node, execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()]),
)

// Each program is another one of seed, processors and what is preloaded.
function* trialsOf(node: string, { forks, each, seed, processors, preloads }: StressOptions): Generator<Trial> {
  for (let done = 0, i = 0; done < forks; done += each, i++) {
    yield {
      node,
      version: versions.get(node)!,
      seed: seed + i,
      forks: Math.min(each, forks - done),
      processors: processors[i % processors.length]!,
      preload: preloads[Math.floor(i / processors.length) % preloads.length]!,
    }
  }
}

// The nodes take turns: where the time ends first, each has had its share.
function* allTrials(): Generator<Trial> {
  const rest = options.nodes.map((node) => trialsOf(node, options))
  for (let left = true; left;) {
    left = false
    for (const trials of rest) {
      const next = trials.next()
      if (next.done) continue
      left = true
      yield next.value
    }
  }
}

const totals = new Map<string, Total>()

function add(trial: Trial, outcome: Outcome): void {
  const total = totals.get(trial.node) ?? { forks: 0, wrong: 0, repeats: 0, hangs: 0, ends: 0 }
  totals.set(trial.node, total)
  total.forks += outcome.forks
  total.wrong += outcome.wrong.length
  total.repeats += outcome.repeats
  total.hangs += outcome.hangs.length
  total.ends += outcome.ended === '' ? 0 : 1
}

const words = ({ forks, wrong, repeats, hangs, ends }: Total): string =>
  `${forks} forks, ${hangs} hung, ${wrong} wrong, ${repeats} numbers twice, ${ends} programs ended badly`

function tell(trial: Trial, outcome: Outcome): void {
  const { node, seed, processors, preload } = trial
  const where = `seed ${seed}, ${processors || 'all'} processors${preload ? `, ${basename(preload)}` : ''}`
  const { forks, wrong, hangs, ended } = outcome
  console.log(
    `${trial.version} ${where}: ${forks} forks in all ${words(totals.get(node)!)}, ${minutes().toFixed(1)} min`,
  )
  for (const line of [...hangs, ...wrong]) console.log(`  ${line}`)
  if (ended) console.log(`  the program ended: ${ended}`)
}

const trials = allTrials()

async function work(): Promise<void> {
  for (const trial of trials) {
    const outcome = await run(trial, options)
    add(trial, outcome)
    tell(trial, outcome)
    if (options.minutes !== undefined && minutes() > options.minutes) trials.return(undefined)
  }
}

console.log(`seed ${options.seed}; stacks of what hangs are written to ${options.out}`)
await Promise.all(Array.from({ length: options.jobs }, work))
for (const [node, total] of totals) {
  console.log(`${versions.get(node)} (${node}): ${words(total)}`)
  if (total.wrong + total.repeats + total.hangs + total.ends > 0) process.exitCode = 1
}
