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

/** How long the rest will take if it goes on as it went: "about 40 s left"; nothing while that can't be known. */
export function timeLeft(done: number, total: number, elapsed: number): string {
  if (done < 2 || elapsed < 1000) return ''
  const seconds = Math.ceil(((elapsed / done) * (total - done)) / 1000)
  return seconds < 100 ? `, about ${seconds} s left` : `, about ${Math.ceil(seconds / 60)} min left`
}

function barMeter(): Meter {
  const format = ' {bar} {value}/{total}{left} | {what}'
  const bar = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, clearOnComplete: true, barsize: 24 },
    Presets.shades_classic,
  )
  let began = 0
  let parts: number | undefined
  return {
    say: (line) => void process.stderr.write(`${line}\n`),
    update: (done, total, what) => {
      // Another total is another job, with a pace of its own.
      if (total !== parts) {
        began = performance.now()
        if (parts === undefined) bar.start(total, done, { what, left: '' })
        else bar.setTotal(total)
      }
      parts = total
      bar.update(done, { what, left: timeLeft(done, total, performance.now() - began) })
    },
    stop: () => bar.stop(),
  }
}

export function createMeter(): Meter {
  return process.stderr.isTTY ? barMeter() : plainMeter()
}
