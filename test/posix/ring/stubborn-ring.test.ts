// Memory that the kernel still reads into when an environment ends: it is never freed before that is over.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../../support/compile.js'
import { noRing, whyNoRing } from '../../support/io-uring.js'
import { runFixture } from '../../support/run-fixture.js'

const workshop = new Workshop()
let kernel = ''
beforeAll(() => void (kernel = workshop.sharedObject('stubborn.so', ['test/fixtures/stubborn-ring.c', '-ldl'])))
afterAll(() => workshop[Symbol.dispose]())

// A sanitizer that is preloaded has a free of its own.
describe.skipIf(noRing || process.env['LD_PRELOAD'])(
  `a Worker is terminated while the kernel does not give up reading${whyNoRing}`,
  () => {
    it.each(['aligned', 'own', 'heap'])('into memory that is %s', async (kind) => {
      const env = { LD_PRELOAD: kernel, STUBBORN: '60' }
      expect(await runFixture('stubborn-ring', kind, { env, timeout: 30_000 })).toEqual({ code: 1 })
    })
  },
)
