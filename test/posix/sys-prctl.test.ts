// prctl: what a process tells the kernel about itself. (PR_SET_PDEATHSIG: test/servers/prefork/master-dies.test.ts.)
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

it('prctl sets and gets, and says what the kernel refuses', async () => {
  expect(await runFixture('files', 'prctl')).toEqual({
    dumpable: [0, 0],
    privileges: [0, 0, 1],
    codes: ['EINVAL', 'ERR_OUT_OF_RANGE', 'ERR_OUT_OF_RANGE'],
  })
})
