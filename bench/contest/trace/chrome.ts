// Timelines as Chrome trace events, which Perfetto and chrome://tracing open: a group for each contestant, a track for each thread.
import type { Trace } from './record.js'
import type { Lane } from './timeline.js'

interface ChromeEvent {
  name: string
  ph: 'X' | 'M'
  pid: number
  tid: number
  [more: string]: unknown
}

/** How a lane is called: "process 123", or "thread 124 of 123". */
export const laneName = ({ kind, pid, tid }: Lane): string =>
  kind === 'process' ? `process ${pid}` : `thread ${tid} of ${pid}`

// A contestant has a process of its own in the trace, so that its lanes stay together.
function eventsOf({ label, lanes }: Trace, index: number): ChromeEvent[] {
  const pid = index + 1
  const title: ChromeEvent = { name: 'process_name', ph: 'M', pid, tid: 0, args: { name: label } }
  return [title, ...lanes.flatMap((lane, at) => [...namesOf(lane, pid, at), ...spansOf(lane, pid)])]
}

function namesOf(lane: Lane, pid: number, at: number): ChromeEvent[] {
  const track = { ph: 'M' as const, pid, tid: lane.tid }
  return [
    { name: 'thread_name', ...track, args: { name: laneName(lane) } },
    { name: 'thread_sort_index', ...track, args: { sort_index: at } },
  ]
}

const spansOf = ({ tid, events }: Lane, pid: number): ChromeEvent[] =>
  events.map((event) => ({
    ...{ name: event.what, cat: event.call ?? 'run', ph: 'X', pid, tid, ts: event.at, dur: event.for },
    args: { ...(event.call && { call: event.call }), ...(event.fd !== undefined && { fd: event.fd }) },
  }))

/** The text of a JSON file. Times are microseconds, each contestant's from the beginning of its own timeline. */
export function renderChromeTrace(traces: readonly Trace[]): string {
  const traceEvents = traces.filter(({ reason }) => reason === undefined).flatMap(eventsOf)
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents })}\n`
}
