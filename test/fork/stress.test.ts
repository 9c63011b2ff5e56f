// Forks under collector, compiler, pool and threads; each child does one of twenty kinds of work and leaves in one of five ways.
// The long size is `npm run stress`.
import { expect, it } from 'vitest'
import { endOf } from '../support/run-fixture.js'

const LOAD = '--load=heap,compiler,timers,files,hash,names,zlib,pthreads'

it('forty children under load do their work and leave as they were told', { timeout: 90_000 }, async () => {
  const end = await endOf('fork-stress', '--forks=40', { args: [LOAD], timeout: 80_000 })
  const last = end.stdout.trim().split('\n').at(-1) ?? ''
  expect({ report: JSON.parse(last || '{}') as unknown, left: end.left }, end.stderr).toEqual({
    report: { forks: 40, wrong: [], repeats: 0 },
    left: [],
  })
})
