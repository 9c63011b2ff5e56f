// 3.6: memory of every kind, given to whatever reads and writes: right to the byte, or refused before any system call.
import { expect, it } from 'vitest'
import { noRing, whyNoRing } from '../support/io-uring.js'
import { runFixture } from '../support/run-fixture.js'

const RIGHT = ['ArrayBuffer', 'part', 'SharedArrayBuffer', 'empty', 'pool', 'DataView', 'words', 'pinned', 'beyond4GiB']
// Their length, place and memory are what the engine knows of them, and not what they say.
const CLAIMS = ['More', 'Less', 'None', 'Pinned', 'Other', 'AsBuffer', 'AsDataView'].map((claim) => `claims${claim}`)
const HOSTILE = [...CLAIMS, 'subclass', 'foreign']
const AT_ONCE = ['read', 'write']
const LATER = ['readAsync', 'aio_read', 'writeAsync', 'aio_write']
const OF_RING = ['Ring.read', 'Ring.readv', 'Ring.write', 'Ring.writev']

const all = (names: readonly string[], said: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, said]))

it(`ArrayBuffer, shared, resizable, detached, empty, of the pool, DataView, beyond 4 GiB${whyNoRing}`, async () => {
  const later = noRing ? LATER : [...LATER, ...OF_RING]
  const every = [...AT_ONCE, ...later]
  expect(await runFixture('buffers', 'table', { timeout: 30_000 })).toEqual({
    ...Object.fromEntries([...RIGHT, ...HOSTILE].map((kind) => [kind, all(every, 'right')])),
    resizable: { ...all(AT_ONCE, 'right'), ...all(later, 'ERR_INVALID_ARG_VALUE') },
    detached: all(every, 'ERR_INVALID_STATE'),
    detachedDataView: all(every, 'ERR_INVALID_STATE'),
    tooShortDataView: all(every, 'ERR_INVALID_STATE'),
    proxy: all(every, 'ERR_INVALID_ARG_TYPE'),
  })
}, 30_000)

it('lists of descriptors are lists of objects', async () => {
  const type = 'ERR_INVALID_ARG_TYPE'
  expect(await runFixture('buffers', 'lists')).toEqual(['TypeError', type, type, type, '0', '0'])
})
