// Under test runners: in a vm context, whose global object and `process` are not Node's, and where process.exit is not Node's either. Each
// case is a program of its own, test/fixtures/vm-context.ts.
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const nodeArgs = ['--experimental-vm-modules', '--no-warnings']
const run = (name: string): Promise<unknown> => runFixture('vm-context', name, { nodeArgs })

it('in a vm context nothing of the parent runs in a child, which has its own pid and leaves with its own code', async () => {
  expect(await run('silent')).toEqual({ said: 'true true ', status: 7 })
})

it("a process.exit that throws is the parent's: children leave with their code", async () => {
  expect(await run('exits')).toEqual({ statuses: [7, 9, 3], thrown: 'process.exit unexpectedly called' })
})

it('`exit` listeners of the child are called', async () => {
  expect(await run('listener')).toBe(8)
})
