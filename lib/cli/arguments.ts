// What the verbs' options have in common: numbers, ports and durations as users write them, each refused with one clear line.
import { InvalidArgumentError, Option } from 'commander'

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A duration in milliseconds: "500ms", "30s", "2m", "1h"; a bare number is in seconds. */
export function duration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  if (number === undefined) throw new InvalidArgumentError('It must be a duration such as 500ms, 30s or 2m.')
  return Math.round(Number(number) * UNITS[unit]!)
}

/** As duration, and more than nothing. */
export function positiveDuration(text: string): number {
  const milliseconds = duration(text)
  if (milliseconds === 0) throw new InvalidArgumentError('It must be longer than 0.')
  return milliseconds
}

/** A parser of whole numbers from `min` to `max`. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

/** A TCP port to listen on; 0 lets the kernel choose. */
export const listenPort = whole(0, 65535)

/** A TCP port to connect to. */
export const connectPort = whole(1, 65535)

/** A size in bytes: "64", "16k", "100M", "1G". */
export function bytes(text: string): number {
  const [, number, unit = ''] = /^(\d+)([kKMG]?)$/.exec(text) ?? []
  if (number === undefined) throw new InvalidArgumentError('It must be a size such as 64, 16k or 100M.')
  return Number(number) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase())
}

/** An option that takes a duration, with its default as users write it. */
export function durationOption(flags: string, description: string, standard: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(standard), standard)
}
