// Forks under collector, compiler and pool load; each child does one of twenty kinds of work and leaves in one of five ways. The long
// size is `npm run stress`.
import { expect, it } from 'vitest'
import { endOf } from '../support/run-fixture.js'

it('forty children under load do their work and leave as they were told', { timeout: 90_000 }, async () => {
  const end = await endOf('fork-stress', '40', { args: ['20', '1'], timeout: 80_000 })
  const last = end.stdout.trim().split('\n').at(-1) ?? ''
  expect({ report: JSON.parse(last || '{}') as unknown, left: end.left }, end.stderr).toEqual({
    report: { forks: 40, wrong: [], repeats: 0 },
    left: [],
  })
})
