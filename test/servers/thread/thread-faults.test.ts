// Clients and a machine that fail threadServer, and its limits, each case a program of its own with the leak gate.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('thread-faults', name, { timeout: 25_000 })

const flavours = ['function', 'function-pool', 'native', 'native-pool']

describe.each(flavours)('%s', (flavour) => {
  const isNative = flavour.startsWith('native')

  it('A56 (Node test-net-server-reset): 1,000 clients reset mid-reply, and each concerns itself only', async () => {
    const result = { reply: 'still there', accepted: 1001, rejected: 0, next: ['next'] }
    expect(await run(`A56:${flavour}`)).toEqual(result)
  })

  it('A58 (libuv test-emfile): without descriptors accepting rests, neighbours are served, and it goes on', async () => {
    const result = { reply: 'neighbour', accepted: 1, calm: true, served: 'waited', errors: isNative ? 1 : 0 }
    expect(await run(`A58:${flavour}`)).toEqual(result)
  })

  it('a thread that cannot be made at once: the connection waits and is served', async () => {
    expect(await run(`thread-waits:${flavour}`)).toEqual({ reply: 'patient', rejected: 0 })
  })

  it('a thread that cannot be made at all: the connection is closed and counted, the next is served', async () => {
    expect(await run(`thread-refused:${flavour}`)).toEqual({
      ...{ refused: '', accepted: 1, rejected: 1, errors: 1, next: ['next'] },
      told: isNative ? [] : [['EAGAIN', 'pthread_create']],
    })
  })

  it('over maxThreads, or the pool, accepting waits', async () => {
    expect(await run(`max-threads:${flavour}`)).toEqual({ before: [2, 2], reply: 'third', accepted: 3 })
  })

  it('over maxConnections a connection is closed', async () => {
    expect(await run(`max-connections:${flavour}`)).toEqual({ refused: '', accepted: 2, rejected: 1 })
  })

  it('an idle connection is closed, also one that never sends, and its thread ends', async () => {
    const errors = isNative ? [] : ['ETIMEDOUT', 'ETIMEDOUT']
    expect(await run(`idle:${flavour}`)).toEqual({ reply: 'x', silent: '', errors })
  })
})

describe('a function', () => {
  it('a client that only receives is not idle', async () => {
    expect(await run('one-way')).toBe('thanks')
  })

  it('close ends a connection that waits for a thread', async () => {
    expect(await run('thread-abandoned')).toEqual({ active: 0, rejected: 1, got: '' })
  })
})
