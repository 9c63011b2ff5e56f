// Options that nobody knows are refused: a name that is mistyped would otherwise be ignored in silence. Internal.
import { unknownOption } from '../../errors.js'

/** The names of all members of an interface of options; the compiler says when one is missing, or one too many. */
export const namesOf = <T>(all: Record<keyof Required<T>, true>): readonly string[] => Object.keys(all)

// How many letters are to be put in, left out, replaced or exchanged with their neighbour to make one word of the other.
function distance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j]!, before[j - 2]! + 1)
    }
    ;[before, row] = [row, next]
  }
  return row[b.length]!
}

/** The name that was meant, as far as one can tell. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const most = name.length < 4 ? 1 : 2
  const near = known
    .map((one) => ({ one, far: distance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ far }) => far <= most)
  return near.toSorted((x, y) => x.far - y.far)[0]?.one
}

/** @throws ERR_INVALID_ARG_VALUE for the first name that is none of `known` */
export function refuseUnknown(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw unknownOption(name, nearest(name, known), known)
  }
}
