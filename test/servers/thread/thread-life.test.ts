// How threadServer ends, by itself and with its process, each case a program of its own with the leak gate.
import { describe, expect, it } from 'vitest'
import { endOf, runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('thread-life', name, { timeout: 25_000 })

const flavours = ['function', 'function-pool', 'native', 'native-pool']

describe.each(flavours)('%s', (flavour) => {
  it('close lets connections finish', async () => {
    expect(await run(`drain:${flavour}`)).toEqual({ reply: 'y', same: true, address: null })
  })

  it('close cuts off what is left after gracefulTimeout', async () => {
    expect(await run(`destroy:${flavour}`)).toEqual({ active: 0, threads: 0 })
  })

  it('a listener that dies is an error of the server, which closes', async () => {
    const result = { echoed: ['x'], code: 'EINVAL', syscall: 'accept4', listening: false }
    expect(await run(`listener-dies:${flavour}`)).toEqual(result)
  })

  it('a fork does not disturb it, and its copy in the child has no threads', async () => {
    expect(await run(`fork:${flavour}`)).toEqual(['before', 'child 7', 'after one', 'child 7', 'after two'])
  })

  it('Node may exit while threads are blocked', async () => {
    const { code, signal, stderr, left } = await endOf('thread-life', `exit:${flavour}`)
    expect({ code, signal, stderr, left }).toEqual({ code: 0, signal: null, stderr: '', left: [] })
  })
})

describe('threadServer', () => {
  it('closes when its AbortSignal aborts, and does not start with an aborted one', async () => {
    expect(await run('abort')).toEqual({ listening: false, refused: 'AbortError' })
  })

  it('Node may exit while a thread computes', async () => {
    const { code, signal, stderr } = await endOf('thread-life', 'exit-computing')
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  })

  it('a Worker that is terminated takes its threads and connections with it', async () => {
    const { report, code, signal } = await endOf('thread-life', 'exit-worker')
    expect({ report: report?.result, code, signal }).toEqual({ report: 'ended', code: 0, signal: null })
  })
})
