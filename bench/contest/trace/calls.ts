// What strace(1) wrote, as calls: who made which, when, for how long, and with what result.

export interface Call {
  /** The thread that made it. */
  tid: number
  name: string
  args: string
  /** NaN where the call did not return. */
  result: number
  /** Microseconds since the epoch. */
  at: number
  /** Microseconds it took; until its thread's end where it did not return. */
  took: number
}

const LINE = /^(\d+) +(\d+)\.(\d{6}) (.*)$/
const WHOLE = /^(\w+)\((.*)\) += (-?\d+|\?|0x[0-9a-f]+)(?:.*<(\d+\.\d+)>)?/
const BEGUN = /^(\w+)\((.*?),? *<(?:unfinished \.\.\.|detached \.\.\.)>?$/
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?|0x[0-9a-f]+)(?:.*<(\d+\.\d+)>)?/

// Results that are addresses do not matter here, and `?` is of a call that never returns.
const resultOf = (text: string): number => (text === '?' ? NaN : Number(text))

/** The calls in the order in which they were begun. */
export function parseCalls(text: string): Call[] {
  const calls: Call[] = []
  const open = new Map<number, Call>()
  for (const line of text.split('\n')) {
    const [, tid, seconds, fraction, rest] = LINE.exec(line) ?? []
    if (rest === undefined) continue
    const at = Number(seconds) * 1e6 + Number(fraction)
    const thread = Number(tid)
    const begin = (name: string, args: string): Call => {
      const call = { tid: thread, name, args, result: NaN, at, took: 0 }
      calls.push(call)
      return call
    }
    const resumed = RESUMED.exec(rest)
    const whole = resumed ? undefined : WHOLE.exec(rest)
    const begun = resumed || whole ? undefined : BEGUN.exec(rest)
    if (whole) finish(begin(whole[1]!, whole[2]!), whole[3]!, whole[4], at)
    if (begun) open.set(thread, begin(begun[1]!, begun[2]!))
    const pending = resumed && open.get(thread)
    if (pending) {
      pending.args += resumed[2]!
      finish(pending, resumed[3]!, resumed[4], at)
      open.delete(thread)
    }
    if (rest.startsWith('+++')) closeOpen(open, thread, at)
  }
  return calls
}

// strace writes how long a call took, save for those that never return.
function finish(call: Call, result: string, took: string | undefined, at: number): void {
  call.result = resultOf(result)
  call.took = took === undefined ? at - call.at : Number(took) * 1e6
}

function closeOpen(open: Map<number, Call>, tid: number, at: number): void {
  const call = open.get(tid)
  if (call) call.took = at - call.at
  open.delete(tid)
}
