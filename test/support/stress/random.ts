// Random choices that a seed repeats: what a long test did can be done again.

/** Gives a number from 0 up to, not including, `below`. */
export type Random = (below: number) => number

/** mulberry32: small, and good enough to choose by. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

export const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!

/** Each with the probability one in two. */
export const some = <T>(random: Random, list: readonly T[]): T[] => list.filter(() => random(2) === 0)

export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const rest = [...list]
  return list.map(() => rest.splice(random(rest.length), 1)[0]!)
}
