// A short run of npm run fuzz: every function of posix-async/posix with hostile values. No signal, no hang, no raw error, no descriptor left.
import { expect, it } from 'vitest'
import { fuzz } from '../support/fuzz.js'

it.each([1, 2, 3, 4])(
  'hostile values, seed %i: everything is called, and nothing but results and coded errors come',
  async (seed) => {
    const end = await fuzz(seed, 0) // one round: the same calls, however fast the machine is
    expect(end).toMatchObject({ faults: [], missing: [] })
    expect(end.calls).toBeGreaterThan(200)
  },
)
