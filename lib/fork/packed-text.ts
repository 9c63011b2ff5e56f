// A packed error that fits a message: of a bounded size as JSON, cut where its texts are longer than is of use.
import type { Packed } from './packed-error.js'

// How long each text may be, in UTF-16 units: the next where the whole does not fit.
const LENGTHS = [16_384, 4096, 1024, 128] as const

type Simple = string | number | boolean | null

function simple(value: unknown, length: number): Simple | undefined {
  if (typeof value === 'string') return value.slice(0, length)
  if (typeof value === 'boolean' || value === null) return value
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function cut(packed: Packed, length: number, withFields: boolean): Packed {
  if ('list' in packed) return { list: withFields ? packed.list.map((one) => cut(one, length, true)) : [] }
  if (!('error' in packed)) return { value: simple(packed.value, length) }
  const { base, name, message, stack, fields } = packed.error
  const short = (text: string): string => text.slice(0, length)
  const kept = fields.flatMap((field) => {
    const less = cut(field.packed, length, withFields)
    const isGone = 'value' in less && less.value === undefined
    return isGone || field.name.length > length ? [] : [{ ...field, packed: less }]
  })
  return {
    error: {
      base,
      name: short(name),
      message: short(message),
      stack: stack && short(stack),
      fields: withFields ? kept : [],
    },
  }
}

/**
 * What was packed, as data that JSON can carry, in at most `most` bytes of it. Fields that are neither errors nor simple values are left out, and
 * all fields where it would not fit otherwise.
 */
export function shorten(packed: Packed, most: number): Packed {
  for (const length of LENGTHS) {
    const short = cut(packed, length, true)
    if (Buffer.byteLength(JSON.stringify(short)) <= most) return short
  }
  return cut(packed, LENGTHS.at(-1)!, false)
}
