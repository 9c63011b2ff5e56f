// Ring: every operation completes once, memory is safe whatever becomes of it, and a forked child leaves the parent's alone.
import { describe, expect, it } from 'vitest'
import { noRing, whyNoRing } from '../../support/io-uring.js'
import { endOf, runFixture } from '../../support/run-fixture.js'
import { cannotTrace, withFaults } from '../../support/strace.js'

const CANCELED = 'ECANCELED'

describe.skipIf(noRing)(`Ring${whyNoRing}`, () => {
  it('A45 (liburing timeout.c): timeouts by time, by count, absolute, removed', async () => {
    const result = { time: true, counted: false, absolute: true, late: true, removed: 'REMOVED' }
    expect(await runFixture('rings', 'A45')).toEqual(result)
  })

  it('A46 (liburing link-timeout.c): a linked timeout ends a stuck read; a finished one ends the timeout', async () => {
    expect(await runFixture('rings', 'A46')).toEqual({ first: [CANCELED, true], second: [4, false] })
  })

  it('A47 (liburing cq-overflow.c): 256 operations of a ring of 4 complete once each', async () => {
    expect(await runFixture('rings', 'A47')).toEqual({ once: 256, left: 0 })
  })

  it('A48 (liburing io-cancel.c): cancelling every second of 128 reads does not disturb the others', async () => {
    expect(await runFixture('rings', 'A48')).toBe(true)
  })

  it.skipIf(cannotTrace)('200 operations of one turn are handed over by one system call', async () => {
    const { faults } = await withFaults('io_uring_enter', 'delay_enter=1', (under) =>
      runFixture('rings', 'batch', { under }),
    )
    expect(faults).toBeLessThanOrEqual(2)
  })

  it.skipIf(cannotTrace)('EINTR of the kernel never surfaces', async () => {
    const { result, faults } = await withFaults('io_uring_enter', 'error=EINTR:when=1+2', (under) =>
      runFixture('rings', 'A48', { under }),
    )
    expect(result).toBe(true)
    expect(faults).toBeGreaterThan(0)
  })

  it('a signal cancels in the kernel: its reason, at once, or too late for what is done', async () => {
    const result = { during: 'enough', before: 'enough', won: 1, left: 1 }
    expect(await runFixture('rings', 'abort')).toEqual(result)
  })

  it('a chain stops at a failure, a hard one goes on; one longer than the ring is refused', async () => {
    expect(await runFixture('rings', 'linked')).toEqual({
      counts: [4, 4],
      text: 'data',
      codes: ['EBADF', CANCELED, CANCELED, 'EBADF', 4],
      tooLong: 'EAGAIN',
      nested: 'ERR_INVALID_STATE',
    })
  })

  it('what is drained waits for all before it', async () => {
    expect(await runFixture('rings', 'drained')).toEqual(['turned', 'read', 'drained'])
  })

  it('registered files and buffers', async () => {
    expect(await runFixture('rings', 'registered')).toEqual({
      ...{ written: 10, text: 'registered', twice: 'EBUSY', foreign: 'ERR_INVALID_ARG_VALUE' },
      ...{ gone: 'ENXIO', stale: 'EBADF' },
    })
  })

  it('bad arguments are refused up front, bad descriptors by the kernel', async () => {
    expect(await runFixture('rings', 'refused')).toEqual([
      ...['ERR_INVALID_STATE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE'],
      ...['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE', 'ERR_OUT_OF_RANGE', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE'],
      ...['EBADF', 'EARLY'],
    ])
  })

  it('closing cancels what is in flight, and may be repeated', async () => {
    const result = { pending: CANCELED, after: 'ERR_INVALID_STATE', sync: 'ERR_INVALID_STATE' }
    expect(await runFixture('rings', 'closed')).toEqual(result)
  })

  it('keeps the process alive while something is in flight, and not longer', async () => {
    const { code, stdout } = await endOf('rings', 'keepsAlive')
    expect(code).toBe(0)
    expect(stdout.split('\n').filter((line) => !line.startsWith('{'))).toEqual(['fired', 'left 0 true', ''])
  })

  it('a Worker that ends leaves nothing of its own to the kernel', async () => {
    expect(await runFixture('rings', 'worker')).toEqual({ code: 1, left: 17 })
  })
})

describe.skipIf(noRing)(`memory and descriptors${whyNoRing}`, () => {
  it('A64 (Node test-worker-message-port-arraybuffer): a buffer transferred in flight is an error and untouched; shared memory is filled', async () => {
    const result = { code: 'ERR_INVALID_STATE', untouched: true, count: 5, shared: '\0\0share\0' }
    expect(await runFixture('ring-memory', 'A64')).toEqual(result)
  })

  it('A64: memory of posix_memalign lasts as long as the operation, transferred or collected', async () => {
    expect(await runFixture('ring-memory', 'A64pinned')).toEqual([4])
    expect(await runFixture('ring-memory', 'collected')).toBe(50)
  })

  it('closing a descriptor settles what is in flight on it, once, and never touches another file of its number', async () => {
    const result = { codes: [CANCELED, CANCELED, CANCELED, undefined, 'EBADF'], sameNumber: true, untouched: 5 }
    const seen = await runFixture<typeof result>('rings', 'closedFd')
    expect({ ...seen, codes: seen.codes.map((code) => code ?? undefined) }).toEqual(result)
  })

  it('random sequences, with memory of all kinds that is transferred and collected in flight, do what a model says', async () => {
    expect(await runFixture('ring-random', 'random', { timeout: 60_000 })).toBe(true)
  }, 60_000)

  it.skipIf(process.getuid!() !== 0)('a ring made before setuid opens nothing for root afterwards', async () => {
    expect(await runFixture('rings', 'dropped')).toEqual(['EACCES', 'EACCES'])
  })
})

describe('a kernel that refuses', () => {
  it.skipIf(cannotTrace).each([
    ['EPERM', /^io_uring is switched off: sysctl kernel.io_uring_disabled/],
    ['ENOSYS', /^this kernel has no io_uring/],
    ['ENOMEM', /ulimit -l/],
    ['EMFILE', /^EMFILE: too many open files, io_uring_setup/],
  ] as const)('A50 (liburing probe.c): %s is a clear error and a reason, and nothing is left', async (code, reason) => {
    const { result } = await withFaults('io_uring_setup', `error=${code}`, (under) =>
      runFixture('rings', 'availability', { under }),
    )
    expect(result).toEqual({
      availability: { available: false, code, reason: expect.stringMatching(reason) as string },
      code,
      message: expect.stringContaining('io_uring_setup') as string,
    })
  })

  it('without descriptors to give, nothing is left', async () => {
    const refused = ['EMFILE', 'io_uring_setup']
    expect(await runFixture('rings', 'scarce')).toEqual([refused, refused])
  })
})
