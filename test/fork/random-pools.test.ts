// Random bytes that packages keep for later: test/fixtures/fork-pools.ts.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fork-pools', name, { timeout: 20_000 })

describe('a pool of random bytes that a package has filled', () => {
  it('makes other ids in each child, whatever function has filled it; a secret stays', async () => {
    expect(await run('different')).toEqual({
      'named.mjs': 4,
      'default.mjs': 4,
      'web.mjs': 4,
      'imported-web.mjs': 4,
      'bytes.mjs': 4,
      'part.mjs': 4,
      'commonjs.cjs': 4,
      'secret.mjs': 1,
    })
  })

  it('makes other ids in the children of connections', async () => {
    expect(await run('ofConnections')).toBe(4)
  })
})

it('what the program itself has filled once is data, and what it fills again a pool', async () => {
  expect(await run('ofProgram')).toEqual({ data: true, pool: false, freed: 0 })
})

it("the functions that are watched look and act as Node's own", async () => {
  expect(await run('asNodes')).toEqual({
    described: [
      ['randomFillSync', 1],
      ['randomBytes', 2],
      ['randomFill', 4],
      ['getRandomValues', 1],
    ],
    type: 'ERR_INVALID_ARG_TYPE',
    range: 'ERR_OUT_OF_RANGE',
    receiver: 'ERR_INVALID_THIS',
    part: true,
  })
})
