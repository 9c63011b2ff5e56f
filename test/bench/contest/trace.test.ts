// From what strace wrote to lanes and events; and recorded from real servers, each model shows what makes it that model.
import { describe, expect, it } from 'vitest'
import { drawTimeline } from '../../../bench/report/charts/timeline.js'
import { which } from '../../../lib/cli/programs.js'
import { contestantsNamed } from '../../../bench/contest/contestants.js'
import { parseCalls } from '../../../bench/contest/trace/calls.js'
import { renderChromeTrace } from '../../../bench/contest/trace/chrome.js'
import { recordTrace, type Trace } from '../../../bench/contest/trace/record.js'
import { timelineOf, type What } from '../../../bench/contest/trace/timeline.js'

const text = `10 1000.000100 accept4(3, NULL, NULL, SOCK_CLOEXEC <unfinished ...>
10 1000.001100 <... accept4 resumed>) = 4 <0.001000>
10 1000.001200 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD <unfinished ...>
11 1000.001350 close(3) = 0 <0.000010>
10 1000.001400 <... clone resumed>, child_tidptr=0x7f) = 11 <0.000200>
10 1000.001450 close(4) = 0 <0.000010>
11 1000.001500 read(4, "5"..., 256) = 1 <0.000020>
10 1000.001600 accept4(3, NULL, NULL, SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000010>
11 1000.005000 write(4, "8"..., 1) = 1 <0.000050>
10 1000.005050 --- SIGCHLD {si_signo=SIGCHLD} ---
11 1000.005100 exit_group(0) = ?
11 1000.005200 +++ exited with 0 +++
10 1000.005300 futex(0x1, FUTEX_WAIT <detached ...>
`
const known = [{ pid: 10, tid: 10 }]

describe('what strace wrote', () => {
  it('is calls, also where others came between, with results and times', () => {
    const calls = parseCalls(text)
    expect(calls.map(({ tid, name, result }) => [tid, name, result])).toEqual([
      ...[
        [10, 'accept4', 4],
        [10, 'clone', 11],
        [11, 'close', 0],
        [10, 'close', 0],
      ],
      ...[
        [11, 'read', 1],
        [10, 'accept4', -1],
        [11, 'write', 1],
        [11, 'exit_group', NaN],
        [10, 'futex', NaN],
      ],
    ])
    expect(calls[1]).toMatchObject({
      at: 1000_001_200,
      took: 200,
      args: expect.stringContaining('SIGCHLD, child_tidptr'),
    })
  })

  it('is a lane for each process, with waiting, computing, and who made whom', () => {
    const { lanes } = timelineOf(parseCalls(text), known)
    expect(lanes.map(({ pid, tid, kind, from }) => ({ pid, tid, kind, from }))).toEqual([
      { pid: 10, tid: 10, kind: 'process', from: undefined },
      { pid: 11, tid: 11, kind: 'process', from: 10 },
    ])
    const whats = lanes.map(({ events }) => events.map(({ what }) => what))
    expect(whats).toEqual([
      ['wait', 'accept', 'fork', 'close', 'compute'],
      ['read', 'compute', 'write', 'exit'],
    ])
    const computed = lanes[1]!.events[1]!
    expect(computed.for).toBeCloseTo(3480, 3)
  })
})

describe('Chrome trace events', () => {
  const { lanes, length } = timelineOf(parseCalls(text), known)
  const trace: Trace = {
    ...{ id: 'one', label: 'One', family: 'C', model: 'fork', about: '', requests: 1, clients: 1 },
    ...{ lanes, length, calls: { each: 1, names: {} } },
  }
  const { traceEvents, displayTimeUnit } = JSON.parse(
    renderChromeTrace([trace, { ...trace, id: 'none', reason: 'it did not start' }]),
  ) as { traceEvents: Record<string, unknown>[]; displayTimeUnit: string }

  it('have what the format asks for: numbers for tracks and times, a phase, a name', () => {
    expect(displayTimeUnit).toBe('ms')
    for (const { name, ph, pid, tid } of traceEvents) {
      expect([typeof name, typeof pid, typeof tid]).toEqual(['string', 'number', 'number'])
      expect(['X', 'M']).toContain(ph)
    }
    const spans = traceEvents.filter(({ ph }) => ph === 'X')
    expect(spans).toHaveLength(9)
    for (const { ts, dur } of spans) expect([Number(ts) >= 0, Number(dur) >= 0]).toEqual([true, true])
  })

  it('name each track, in its order, and have no two at the same time on one', () => {
    const named = (name: string) => traceEvents.filter((event) => event['name'] === name).map(({ args }) => args)
    expect(named('process_name')).toEqual([{ name: 'One' }])
    expect(named('thread_name')).toEqual([{ name: 'process 10' }, { name: 'process 11' }])
    expect(named('thread_sort_index')).toEqual([{ sort_index: 0 }, { sort_index: 1 }])
    for (const track of [10, 11]) {
      const spans = traceEvents.filter(({ ph, tid }) => ph === 'X' && tid === track) as { ts: number; dur: number }[]
      const ends = spans.map(({ ts, dur }) => ts + dur)
      spans.slice(1).forEach(({ ts }, at) => expect(ts).toBeGreaterThanOrEqual(ends[at]! - 0.001))
    }
  })
})

// Whom it takes what; the events are those of eight requests.
const models: [id: string, expected: Partial<Record<What, number>>, lanes: (trace: Trace) => number][] = [
  ['c-fork', { accept: 8, fork: 8, read: 8, write: 8 }, () => 9],
  ['c-thread', { accept: 8, thread: 8, read: 8, write: 8 }, () => 9],
  ['c-epoll', { accept: 8, read: 8, write: 8 }, () => 1],
  ['fork', { accept: 8, fork: 8, read: 8, write: 8 }, () => 9],
  ['thread-native', { accept: 8, thread: 8, read: 8, write: 8 }, () => 9],
  ['event-callbacks', { accept: 8, read: 8, write: 8 }, () => 1],
]

const seen = ({ lanes }: Trace, what: What): number =>
  lanes.reduce((sum, { events }) => sum + events.filter((event) => event.what === what).length, 0)

describe.skipIf(which('strace') === undefined)('recorded (skipped where there is no strace)', () => {
  it.each(models)('%s shows its model', async (id, expected, lanes) => {
    const trace = await recordTrace(contestantsNamed([id])[0]!)
    expect(trace.reason).toBeUndefined()
    const whats = Object.keys(expected) as What[]
    // A helper of the runtime may be made as well.
    for (const what of whats) expect(seen(trace, what)).toBeGreaterThanOrEqual(expected[what]!)
    expect(trace.lanes.length).toBeGreaterThanOrEqual(lanes(trace))
    expect(trace.calls.each).toBeGreaterThan(3)
    const svg = drawTimeline(trace)
    expect(svg.match(/<rect/g)!.length).toBeGreaterThan(4 * 8)
    const { traceEvents } = JSON.parse(renderChromeTrace([trace])) as { traceEvents: { name: string; ph: string }[] }
    expect(traceEvents.filter(({ name, ph }) => name === 'accept' && ph === 'X')).toHaveLength(seen(trace, 'accept'))
  })

  it('tells the reason of who does not start', async () => {
    const [contestant] = contestantsNamed(['c-epoll'])
    const broken = {
      ...contestant!,
      command: () => Promise.resolve({ file: '/bin/sh', args: ['-c', 'echo broken >&2'] }),
    }
    expect(await recordTrace(broken)).toMatchObject({ id: 'c-epoll', lanes: [], reason: 'broken' })
  })
})
