// A timeline as SVG: a lane for each process and thread, and on it what it did and when.
import type { Trace } from '../../contest/trace/record.js'
import type { Event, Lane, What } from '../../contest/trace/timeline.js'
import { time } from '../report.js'
import { color, type Color } from './palette.js'

const LEFT = 132
const RIGHT = 18
const LANE = 22
const BAR = 14
const TOP = 8
const BOTTOM = 26
const WIDTH = 1040
/** Lanes beyond these are counted and not drawn. */
const MOST = 14

/** What each kind of event is called in a legend. */
export const WHATS: Record<What, string> = {
  accept: 'accept a client',
  fork: 'fork a process',
  thread: 'create a thread',
  read: 'read',
  compute: 'run (compute)',
  write: 'write',
  close: 'close',
  exit: 'exit',
  wait: 'wait in a call',
  ring: 'io_uring_enter',
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const round = (value: number): string => value.toFixed(1)

interface Scale {
  (at: number): number
}

const scaleOf =
  ({ length }: Trace): Scale =>
  (at) =>
    LEFT + (at / length) * (WIDTH - LEFT - RIGHT)

// Calls are short beside computing: each is at least a mark that one can see.
const LEAST: Partial<Record<What, number>> = { wait: 0, compute: 0.5 }

function bar(event: Event, y: number, scale: Scale): string {
  const { what, at, call, fd } = event
  const x = scale(at)
  const width = Math.max(scale(at + event.for) - x, LEAST[what] ?? 3)
  const thin = what === 'wait'
  const name = `${call ?? WHATS[what]}${fd === undefined ? '' : ` (descriptor ${fd})`}: ${time(event.for)} at ${time(at)}`
  const box = `x="${round(x)}" y="${y + (thin ? BAR / 2 - 2 : 0)}" width="${round(width)}" height="${thin ? 4 : BAR}"`
  return `<rect ${box} rx="1.5" fill="${color(`do-${what}` as Color)}"><title>${escape(name)}</title></rect>`
}

const tall = (index: number): number => TOP + index * LANE

function nameOf({ kind, pid, tid }: Lane, index: number): string {
  const text = kind === 'process' ? `process ${pid}` : `thread ${tid}`
  return `<text x="${LEFT - 10}" y="${tall(index) + BAR - 3}" text-anchor="end" fill="${color('muted')}" font-size="11">${text}</text>`
}

// From whoever made it to the one that was made, at its first moment.
function origin(lane: Lane, index: number, lanes: readonly Lane[], scale: Scale): string {
  const parent = lanes.findIndex(({ tid }) => tid === lane.from)
  const first = lane.events[0]
  if (parent < 0 || !first) return ''
  const x = round(scale(first.at))
  const stroke = `stroke="${color(lane.kind === 'process' ? 'do-fork' : 'do-thread')}"`
  return `<path d="M${x} ${tall(parent) + BAR}V${tall(index)}" ${stroke} stroke-width="1" stroke-dasharray="2 2" fill="none"/>`
}

function axis({ length }: Trace, scale: Scale, bottom: number): string {
  const rough = length / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  const marks = Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step)
  return marks
    .map((at) => {
      const x = round(scale(at))
      const text = at === 0 ? '0' : time(at).replace(/\.0(?= )/, '')
      return (
        `<path d="M${x} ${TOP - 4}V${bottom}" stroke="${color('rule')}" fill="none"/>` +
        `<text x="${x}" y="${bottom + 16}" text-anchor="middle" fill="${color('muted')}" font-size="11">${text}</text>`
      )
    })
    .join('')
}

/** The text of an SVG element. */
export function drawTimeline(trace: Trace): string {
  const lanes = trace.lanes.slice(0, MOST)
  const scale = scaleOf(trace)
  const bottom = tall(lanes.length)
  const height = bottom + BOTTOM
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="inherit">`
  const bars = lanes.map(({ events }, index) => events.map((event) => bar(event, tall(index), scale)).join(''))
  const names = lanes.map(nameOf)
  const origins = lanes.map((lane, index) => origin(lane, index, lanes, scale))
  return [open, axis(trace, scale, bottom), ...origins, ...names, ...bars, '</svg>'].join('')
}

/** How many lanes there are beyond those drawn. */
export const lanesLeftOut = ({ lanes }: Trace): number => Math.max(0, lanes.length - MOST)
