// What eventServer endures: clients that dawdle, connections by the thousand, an upload without end, a million that come and go.
//
//   node dist/bench/studies/endurance.js [PART ...] [--backend epoll,io_uring,poll,select] [--handler callbacks,function,view] [--short]
//
// Prints a line for each part and kind of server. Ends with 1 where a promise is broken: memory that grows, descriptors left, a client without
// its answer; never because something is slow. --short: a look, in seconds.
import { parseArgs } from 'node:util'
import { Ring } from 'posix-async/posix'
import { endure, FULL, parts, SHORT } from './endurance/parts.js'
import type { HandlerKind } from './endurance/subject.js'

const HANDLERS: HandlerKind[] = ['callbacks', 'function', 'view']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: 'string', default: 'epoll,io_uring' },
    handler: { type: 'string', default: HANDLERS.join() },
    short: { type: 'boolean', default: false },
  },
})

function chosen<Name extends string>(given: readonly string[], known: readonly Name[]): Name[] {
  const unknown = given.find((name) => !known.includes(name as Name))
  if (unknown === undefined) return given as Name[]
  console.error(`there is no "${unknown}"; there are ${known.join(', ')}`)
  process.exit(2)
}

const names = chosen(positionals, Object.keys(parts))
const handlers = chosen(values.handler.split(','), HANDLERS)
const ring = Ring.availability()
if (!ring.available) console.log(`io_uring is left out: ${ring.reason}`)
const backends = chosen(values.backend.split(','), ['epoll', 'poll', 'select', 'io_uring']).filter(
  (backend) => backend !== 'io_uring' || ring.available,
)
const sizes = values.short ? SHORT : FULL

for (const name of names.length > 0 ? names : Object.keys(parts)) {
  const { about, work, handlers: able } = parts[name]!
  console.log(`\n${name}: ${about}`)
  for (const backend of backends) {
    for (const handler of handlers.filter((one) => able.includes(one))) {
      const { figures, broken } = await endure(name, { backend, handler, work }, sizes)
      console.log(`  ${backend.padEnd(9)}${handler.padEnd(11)}${figures}`)
      for (const promise of broken) console.log(`  ${' '.repeat(20)}BROKEN: ${promise}`)
      if (broken.length > 0) process.exitCode = 1
    }
  }
}
