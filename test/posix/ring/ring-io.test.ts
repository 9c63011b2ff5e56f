// Ring: what each operation on files and sockets does.
import { describe, expect, it } from 'vitest'
import { noRing, whyNoRing } from '../../support/io-uring.js'
import { runFixture } from '../../support/run-fixture.js'

const CANCELED = 'ECANCELED'

describe.skipIf(noRing)(`files${whyNoRing}`, () => {
  it('are opened, written, synced, read, described and closed', async () => {
    expect(await runFixture('ring-io', 'files')).toEqual({
      ...{ counts: [65536, 4, 0, 65536, 4, 0], equal: true, same: true, size: 65540 },
      ...{ isFolder: true, code: 'ENOENT', named: true },
    })
  })

  it('readv and writev, of memory of both kinds', async () => {
    const result = { written: 7, read: 7, first: 'abc', second: 'de\0\0zzzzzz' }
    expect(await runFixture('ring-io', 'vectors')).toEqual(result)
  })

  it('splice', async () => {
    expect(await runFixture('ring-io', 'splice')).toEqual({ moved: 7, text: 'spliced' })
  })

  it('ENOSPC, EIO, EISDIR, EPIPE are reported of the operation they befall; beyond a short read nothing is touched', async () => {
    expect(await runFixture('ring-io', 'faults')).toEqual({
      codes: ['ENOSPC', 'EIO', 'EISDIR', 'EPIPE', 'EBADF'],
      short: 3,
      buffer: 'abczzzzz',
    })
  })

  it('1,600 reads of files that are opened and closed meanwhile: none is of another file', async () => {
    expect(await runFixture('ring-io', 'reuse')).toEqual({ wrong: 0, settled: 1600 })
  })
})

describe.skipIf(noRing)(`sockets${whyNoRing}`, () => {
  it('accept, connect, poll, send, sendmsg, shutdown, recv', async () => {
    expect(await runFixture('ring-sockets', 'sockets')).toEqual({
      ...{ ready: true, sent: [5, 6], got: 11, end: 0, text: 'hello there.....', peer: '127.0.0.1' },
      codes: ['ECONNREFUSED', 'ERR_INVALID_ARG_VALUE', 'EPIPE'],
    })
  })

  it('datagrams', async () => {
    expect(await runFixture('ring-sockets', 'datagrams')).toEqual({ sent: 11, text: 'message', from: true })
  })

  it('messages: several buffers, descriptors and credentials both ways, the end', async () => {
    expect(await runFixture('ring-sockets', 'messages')).toEqual({
      ...{ sent: 11, text: 'with a pipe', through: 7, isExec: true, isSender: true, flags: 0, end: 0 },
    })
  })

  it('messages that go wrong: detached memory closes what came, a signal, bad descriptors, cut off', async () => {
    expect(await runFixture('ring-sockets', 'messageEnds')).toEqual({
      codes: ['ERR_INVALID_STATE', 'STOP', 'EBADF', 'ERR_INVALID_ARG_TYPE'],
      end: 0,
      cut: [3, true],
    })
  })

  it('a peer that sends byte by byte', async () => {
    expect(await runFixture('ring-sockets', 'dribble')).toBe(true)
  })

  it('multishot: a loop over clients and one over data; what nobody asked for is closed', async () => {
    const result = { lengths: [177, 177, 177, 177], first: 'client 0 says', ended: 0 }
    expect(await runFixture('ring-sockets', 'multishot')).toEqual(result)
  })

  it('multishot: ends by its signal, by closing, by a bad descriptor', async () => {
    const result = { kept: 'kept', codes: ['STOP', CANCELED, 'EBADF'], inFlight: 0 }
    expect(await runFixture('ring-sockets', 'multishotEnds')).toEqual(result)
  })
})
