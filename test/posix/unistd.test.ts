// unistd.h, from outside: the cases that break descriptors run as programs of their own.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

describe('pipes', () => {
  it('A17 (LTP pipe08): a write with no reader is EPIPE, and SIGPIPE does not kill', async () => {
    expect(await runFixture('descriptors', 'A17')).toEqual({
      code: 'EPIPE',
      errno: -32,
      syscall: 'write',
      message: 'EPIPE: broken pipe, write',
    })
  })

  it('A18 (LTP pipe2_04): a full O_NONBLOCK pipe would block, and takes more when drained', async () => {
    expect(await runFixture('descriptors', 'A18')).toEqual({ filled: 65536, full: null, drained: 4096, again: 4096 })
  })
})
