// The example runs as it stands, and its transcript says what each way of reading is about.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../dist/examples/four-ways-to-read.js', import.meta.url))

// The words that came in lines of this kind, in their order.
const words = (lines: readonly string[], kind: string): string[] =>
  lines.filter((line) => line.includes(kind)).flatMap((line) => /: "(.*)"$/.exec(line)?.[1] ?? [])

describe('examples/four-ways-to-read', () => {
  let stdout = ''
  let stderr = ''
  beforeAll(async () => {
    ;({ stdout, stderr } = await promisify(execFile)(process.execPath, [program], {
      timeout: 20_000,
      killSignal: 'SIGKILL',
    }))
  })
  const part = (n: number): string[] => stdout.split(/^\d\. /m)[n]!.split('\n')

  it('ends well and shows four ways', () => {
    expect(stderr).toBe('')
    expect(stdout.match(/^\d\. \S+:/gm)).toEqual([
      '1. Blocking:',
      '2. Non-blocking:',
      '3. Multiplexed:',
      '4. Asynchronous:',
    ])
  })

  it('blocking: nothing else happens while read waits', () => {
    const lines = part(1).filter((line) => line.includes('returned "'))
    expect(lines.map((line) => /returned "(\w+)".*: (\d+)$/.exec(line)?.slice(1))).toEqual([
      ['alpha', '0'],
      ['beta', '0'],
    ])
  })

  it('non-blocking: EAGAIN until there is something', () => {
    const lines = part(2).filter((line) => line.includes('EAGAIN'))
    expect(lines.map((line) => /\(EAGAIN\) \d+ times, and then "(\w+)"/.exec(line)?.[1])).toEqual(['gamma', 'delta'])
  })

  it.each(['select', 'poll', 'epoll_wait'])('multiplexed: %s says which of two is ready, to their ends', (name) => {
    const lines = part(3).filter((line) => line.includes(` ${name}()`))
    expect(words(lines, 'slow')).toEqual(['one', 'two'])
    expect(words(lines, 'quick')).toEqual(['1', '2', '3'])
    expect(lines.filter((line) => line.endsWith('end of file'))).toHaveLength(2)
  })

  it('asynchronous: the rest goes on, and the completion is awaited, called back or asked for', () => {
    const lines = part(4).join('\n')
    expect(lines).toMatch(/aio_error\(\) said "in progress" \d+ times, then aio_return\(\) gave "epsilon"/)
    expect(lines).toMatch(/comes before it is done\n.*called with "zeta"/)
    expect(lines).toMatch(/await: "eta"; timers that fired meanwhile: many/)
    expect(lines).toMatch(/io_uring: ("theta", without a call of read\(\)|not here: )/)
  })
})
