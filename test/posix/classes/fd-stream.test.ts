// FdStream, from outside: FIFOs, pipes, sockets, terminals, devices and files as streams.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../../support/run-fixture.js'

const run = (name: string): Promise<unknown> => runFixture('fd-streams', name)

describe('FdStream', () => {
  it('(nodejs/node#23220) eight idle FIFOs leave the thread pool to fs, and each gives its data', async () => {
    expect(await run('fifos')).toEqual(Array.from({ length: 8 }, (_, i) => `fifo ${i}`))
  })

  it('is a duplex over a socket: 4 MiB come back whole after the writing side has ended', async () => {
    const size = 4 << 20
    expect(await run('duplex')).toEqual({ equal: true, bytes: [size, size, size], open: [false, false] })
  })

  it('holds back when the pipe is full, and loses nothing; a pipe’s end has one side', async () => {
    const end = { more: false, stuck: 65536, equal: true, same: true, sides: [false, false] }
    expect(await run('back pressure')).toEqual(end)
  })

  it('leaves O_NONBLOCK as it is', async () => {
    expect(await run('flags stay')).toEqual([true, true, true, true])
  })

  it('may be destroyed while it waits; nothing comes after that', async () => {
    expect(await run('destroy')).toEqual({ events: ['close'], same: true, again: true })
  })

  it('is destroyed by its signal', async () => {
    expect(await run('abort')).toEqual({ name: 'AbortError', open: false })
  })

  it('closes what it owns, by asyncDispose too, and leaves what it borrows', async () => {
    expect(await run('owning')).toEqual({ text: 'grüß', left: true, gone: true })
  })

  it('a pipe without a reader is the error EPIPE', async () => {
    expect(await run('broken pipe')).toEqual({ code: 'EPIPE', syscall: 'write', open: false })
  })

  it('a descriptor closed under it is the error EBADF, and the next file of that number stays open', async () => {
    expect(await run('closed under it')).toEqual({ code: 'EBADF', same: true, open: true })
  })

  it('reads and writes a terminal', async () => {
    expect(await run('terminal')).toBe('hello\r\n')
  })

  it('a device that is always ready leaves timers their turn', async () => {
    expect(await run('always ready')).toBe(true)
  })

  it('reads and writes a regular file', async () => {
    expect(await run('file')).toEqual({ written: true, emptied: 0 })
  })

  it('lets the process end when unreferenced', async () => {
    expect(await run('unref')).toBe(true)
  })

  it('refuses what is not an open descriptor', async () => {
    expect(await run('arguments')).toEqual(['ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE', 'EBADF'])
  })
})
