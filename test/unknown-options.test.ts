// A mistyped option is never ignored in silence, and an error about an argument points at the line that gave it.
import { beforeAll, describe, expect, it } from 'vitest'
import { nearest } from '../lib/posix/internal/known-options.js'
import { noRing, whyNoRing } from './support/io-uring.js'
import { runFixture } from './support/run-fixture.js'

interface Told {
  code: string
  message: string
  at: string
}

describe.skipIf(noRing)(`an unknown option is refused, with what was meant ${whyNoRing}`, () => {
  let told: Record<string, Told>
  beforeAll(async () => (told = (await runFixture('unknown-options', 'all')) as Record<string, Told>))

  it.each([
    ['forkServer', 'prot', 'Did you mean "port"?'],
    ['prefork', 'maxRequest', 'Did you mean "maxRequests"?'],
    ['threadServer', 'thread', 'Did you mean "threads"?'],
    ['eventServer', 'backEnd', 'Did you mean "backend"?'],
    ['syncServer', 'workerz', 'There are: port, host, '],
    ['forked', 'limitz', 'Did you mean "limits"?'],
    ['forked.map', 'concurency', 'Did you mean "concurrency"?'],
    ['forkedWorker', 'stdOut', 'There are: stdio, signal'],
    ['forkedPool', 'worker', 'Did you mean "workers"?'],
    ['checkpoint', 'onfork', 'Did you mean "onFork"?'],
    ['writeHeapSnapshot', 'timeOut', 'Did you mean "timeout"?'],
    ['readFile', 'encodin', 'Did you mean "encoding"?'],
    ['writeFile', 'flags', 'Did you mean "flag"?'],
    ['fork', 'handle', 'Did you mean "handles"?'],
    ['Ring', 'entry', 'There are: entries, completions'],
    ['ring.read', 'timeout', 'There are: signal, offset, length'],
    ['ring.timeout', 'counts', 'Did you mean "count"?'],
    ['ring.fsync', 'dataSync', 'Did you mean "datasync"?'],
    ['ring.sendmsg', 'adress', 'Did you mean "address"?'],
    ['ring.nop', 'signals', 'Did you mean "signal"?'],
    ['ring.acceptMultishot', 'signals', 'Did you mean "signal"?'],
    ['readAsync', 'timout', 'Did you mean "timeout"?'],
    ['writeAsync', 'timout', 'Did you mean "timeout"?'],
    ['pollAsync', 'singal', 'Did you mean "signal"?'],
    ['selectAsync', 'singal', 'Did you mean "signal"?'],
    ['waitpidAsync', 'timout', 'Did you mean "timeout"?'],
    ['pthread_create', 'detach', 'Did you mean "detached"?'],
    ['pthread_join', 'timout', 'Did you mean "timeout"?'],
    ['Aiocb', 'aio_bytes', 'Did you mean "aio_nbytes"?'],
    ['FdStream', 'autoclose', 'Did you mean "autoClose"?'],
  ])('%s', (name, option, help) => {
    const { code, message, at } = told[name]!
    expect(code).toBe('ERR_INVALID_ARG_VALUE')
    expect(message).toContain(`Unknown option "${option}". ${help}`)
    expect(at).toContain('test/fixtures/unknown-options.js')
  })
})

it('errors about arguments point at the line that gave them, whichever function checks', async () => {
  const told = (await runFixture('unknown-options', 'callers')) as Record<string, Told>
  expect(Object.keys(told)).toEqual(['type', 'range', 'value', 'rejection'])
  for (const { code, at } of Object.values(told)) {
    expect(code).toMatch(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE|INVALID_ARG_VALUE)$/)
    expect(at).toContain('test/fixtures/unknown-options.js')
  }
})

it('fork() in a Worker says where it works', async () => {
  const message = 'ENOTSUP: fork() works on the main thread only, and this is a Worker, fork'
  expect(await runFixture('unknown-options', 'worker')).toEqual({ code: 'ENOTSUP', message })
})

it.each([
  ['prot', ['port', 'path'], 'port'],
  ['hots', ['host', 'port'], 'host'],
  ['xyz', ['port'], undefined],
  ['pt', ['port'], undefined],
  ['PORT', ['port'], 'port'],
])('%s of %j means %s', (name, known, meant) => expect(nearest(name, known)).toBe(meant))
