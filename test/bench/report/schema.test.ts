// The JSON of a comparison is what docs/compare.md says: every field that the reference run has is told of there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../support/compile.js'

const read = (name: string): string => readFileSync(join(root, name), 'utf8')

// Their keys are names of things: of weaknesses, of system calls.
const MAPS = ['mitigations', 'names']

function fieldsOf(value: unknown, path = '', fields = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const one of value) fieldsOf(one, `${path}[]`, fields)
  else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      fields.add(`${path}.${name}`)
      if (!MAPS.includes(name)) fieldsOf(inner, `${path}.${name}`, fields)
    }
  }
  return fields
}

it('tells of every field', () => {
  const text = read('docs/compare.md').split('## compare.json')[1]!
  const told = new Set([...text.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => code!.split(/[^\w]+/)))
  const fields = [...fieldsOf(JSON.parse(read('bench/results/compare.json')))]
  expect(fields.length).toBeGreaterThan(100)
  expect(fields.filter((path) => !told.has(path.split('.').at(-1)!))).toEqual([])
})
