// What Node keeps until a timer of its own fires: in a child, where timers of the parent's do not, it would be kept for ever.
//
// In the sources of Node.js 20 to 26 there are two: the Date header of node:http (internal/http), and the clock of undici's timers, by which fetch has
// its time limits (a timer every half second that goes on while any of them runs). Both are found by what their closures hold.
import type { OutgoingMessage } from 'node:http'
import type { Internals, LinkedTimer } from './node-internals.js'
import { readClosure } from './node-internals.js'
import { inspect, type InspectorSession } from './inspector-session.js'

/** One of undici's timers. */
interface FastTimer {
  _state: number
}

// In no list, as undici has it: it is put into one when it is set again.
const NOT_IN_LIST = -2

// Of Node: forgets the Date header. Undefined until node:http is loaded, null where it was not found.
let resetDate: (() => void) | null | undefined
// By the function of a clock: its timers. Undici may be there several times, Node's own and others.
const clocks = new WeakMap<object, FastTimer[]>()
const looked = new WeakSet<object>()

const isLoaded = (): boolean =>
  (process as unknown as { moduleLoadList: string[] }).moduleLoadList.includes('NativeModule internal/http')

function findResetDate(session: InspectorSession): (() => void) | null {
  const http = process.getBuiltinModule('node:http') as { OutgoingMessage: { prototype: OutgoingMessage } }
  const { _storeHeader: store } = http.OutgoingMessage.prototype as unknown as { _storeHeader: unknown }
  const { utcDate } = readClosure(session, store, ['utcDate'])
  return (utcDate && readClosure(session, utcDate, ['resetCache']).resetCache) ?? null
}

// Undici calls it onTick, and onTimeout before its version 6.20.
const CLOCK_NAMES = new Set(['onTick', 'onTimeout'])
const CLOCK_INTERVALS = ['499', '1000']
const MOST_LOOKED_AT = 100

function unknownClocks({ timerListMap }: Internals): object[] {
  const found: object[] = []
  for (const interval of CLOCK_INTERVALS) {
    const list = timerListMap?.[interval]
    let left = MOST_LOOKED_AT
    for (let timer = list?._idlePrev; timer && timer !== list && left-- > 0; timer = timer._idlePrev) {
      const { _onTimeout: call } = timer
      if (call && CLOCK_NAMES.has(call.name) && !looked.has(call)) found.push(call)
    }
  }
  return found
}

function noteClocks(session: InspectorSession, functions: readonly object[]): void {
  for (const call of functions) {
    looked.add(call)
    const { fastTimers } = readClosure(session, call, ['fastTimers'])
    if (Array.isArray(fastTimers)) clocks.set(call, fastTimers as FastTimer[])
  }
}

/** In the parent, before each fork: looks for what has come since the last. */
export function findCaches(internals: Internals): void {
  const wantsDate = resetDate === undefined && isLoaded()
  const functions = unknownClocks(internals)
  if (!wantsDate && functions.length === 0) return
  try {
    inspect((session) => {
      if (wantsDate) resetDate = findResetDate(session)
      noteClocks(session, functions)
    })
  } catch {
    if (wantsDate) resetDate = null // Node without the inspector
  }
}

/** In a child: a clock of undici's goes on, with no timer of the parent's; other timers are none. */
export function isClock(timer: LinkedTimer): boolean {
  const timers = timer._onTimeout && clocks.get(timer._onTimeout)
  if (!timers) return false
  for (const fast of timers) fast._state = NOT_IN_LIST
  timers.length = 0
  return true
}

/** In a child. */
export function forgetDate(rehearsal = false): void {
  if (!rehearsal) resetDate?.()
}
