// What a child does with connections of its parent's, and with the pools that they are in: test/fixtures/fork-connections.ts.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fork-connections', name, { timeout: 20_000 })

describe('a write of a child to a connection of its parent', () => {
  const failed = { before: [], events: ['error EPIPE', 'close'], told: 'EPIPE' }

  it.each(['idle', 'connecting'])(
    'that is %s fails at once; reads stay silent, and the parent goes on',
    async (name) => {
      expect(await run(name)).toEqual({ child: failed, heard: ['of the parent'] })
    },
  )

  it('that is in the middle of a write fails, and the parent writes to the end', async () => {
    expect(await run('writing')).toEqual({ child: ['error EPIPE', 'close'], received: 16 << 20 })
  })
})

describe('a pool with an idle connection, one in use and a request that waits', () => {
  const asked = ['/after', '/child', '/child', '/other', '/slow', '/warm']
  const all = { child: ['ok', 'ok'], parent: ['slow', 'ok', 'ok'], asked }

  it.each(['agent', 'global agent', 'fetch'])(
    'of %s connects anew in a child, and sends nothing twice',
    async (name) => {
      expect(await run(name)).toEqual(all)
    },
  )

  it('connects anew in a child of a child, too, and goes on in each', async () => {
    expect(await run('grandchild')).toEqual(Array.from({ length: 6 }, () => 'ok'))
  })
})

it('the channel of a process to its parent is not one of its children', async () => {
  expect(await run('channel')).toEqual({ child: [false, false, false], parent: true })
})

describe('what comes on standard input', () => {
  it('is for the parent, which has begun to read it', async () => {
    const lines = [1, 2, 3, 4, 5].map((count) => `parent: line ${count}`)
    expect(await run('input')).toEqual(['child lives', ...lines, 'parent: end'])
  })

  it('is read by a child that begins to, and by no listener of the parent', async () => {
    expect(await run('input of a child')).toEqual(['child listens', 'child: for the child'])
  })
})
