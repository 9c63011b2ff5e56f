// How far a long job is: a bar on a terminal, plain lines elsewhere; always on standard error.
import { Presets, SingleBar } from 'cli-progress'

export interface Meter {
  /** A line of its own. */
  say(line: string): void
  /** `what` is being done now; `done` of `total` are behind it. */
  update(done: number, total: number, what: string): void
  stop(): void
}

function plainMeter(): Meter {
  let last = ''
  return {
    say: (line) => void process.stderr.write(`${line}\n`),
    update: (done, total, what) => {
      const line = `[${Math.min(done + 1, total)}/${total}] ${what}`
      if (done < total && line !== last) process.stderr.write(`${line}\n`)
      last = line
    },
    stop: () => {},
  }
}

function barMeter(): Meter {
  const format = ' {bar} {percentage} % | {duration_formatted} | {what}'
  const bar = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  )
  let running = false
  return {
    say: (line) => void process.stderr.write(`${line}\n`),
    update: (done, total, what) => {
      if (!running) bar.start(total, done, { what })
      running = true
      bar.update(done, { what })
    },
    stop: () => bar.stop(),
  }
}

export function createMeter(): Meter {
  return process.stderr.isTTY ? barMeter() : plainMeter()
}
