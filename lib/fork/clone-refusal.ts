// Why a result cannot be cloned, and which part of it.
import { serialize } from 'node:v8'

function refusal(value: unknown): string | undefined {
  try {
    serialize(value)
    return undefined
  } catch (error) {
    return (error as Error).message.split('\n', 1)[0]!
  }
}

// The parts of which a value is made up for the structured clone, each with how to write it.
function partsOf(value: unknown): [step: string, part: unknown][] {
  if (typeof value !== 'object' || value === null) return []
  if (value instanceof Map) {
    return [...value].flatMap(([key, item], i): [string, unknown][] => [
      [`.keys()[${i}]`, key],
      [typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `.values()[${i}]`, item],
    ])
  }
  if (value instanceof Set) return [...value].map((item, i) => [`.values()[${i}]`, item])
  if (Array.isArray(value)) return value.map((item, i) => [`[${i}]`, item])
  return Object.entries(value).map(([key, item]) => [
    /^[\p{L}_$][\w$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
    item,
  ])
}

// The innermost part that is refused by itself.
function culprit(value: unknown, path: string): string {
  const bad = partsOf(value).find(([, part]) => refusal(part) !== undefined)
  return bad ? culprit(bad[1], path + bad[0]) : path
}

/**
 * A DataCloneError that says which part of `value` cannot be cloned and why. Undefined where nothing is refused any more.
 * @param name what the value is: a result, a message
 */
export function cloneRefusal(value: unknown, name = 'result'): DOMException | undefined {
  const why = refusal(value)
  if (why === undefined) return undefined
  const path = culprit(value, name)
  const what = path === name ? `the ${name}` : path
  const where = name === 'result' ? 'sent to the parent' : 'sent'
  return new DOMException(`${what} cannot be ${where}: ${why}`, 'DataCloneError')
}
