// How much memory a child of this process may still take: what the machine has, and what the control groups of the process allow.
// See: man 5 proc for meminfo, man 7 cgroups.
import { readFileSync } from 'node:fs'

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const bytesIn = (text: string): number => (/^\d+\s*$/.test(text) ? Number(text) : Infinity)

// What a group has left, and those that it lies in; what was not found limits nothing.
function roomInGroups(folder: string, path: string, most: string, used: string): number {
  let room = Infinity
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    room = Math.min(room, bytesIn(read(`${folder}${at}/${most}`)) - (Number(read(`${folder}${at}/${used}`)) || 0))
    if (at === '') return room
  }
}

function roomOf(line: string): number {
  const [, controllers = '', path = ''] = line.split(':')
  const at = path === '/' ? '' : path
  if (controllers === '') return roomInGroups('/sys/fs/cgroup', at, 'memory.max', 'memory.current')
  if (!controllers.split(',').includes('memory')) return Infinity
  return roomInGroups('/sys/fs/cgroup/memory', at, 'memory.limit_in_bytes', 'memory.usage_in_bytes')
}

/** In bytes; Infinity where nothing tells. */
export function memoryRoom(): number {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo'))?.[1]
  const machine = available === undefined ? Infinity : Number(available) * 1024
  const groups = read('/proc/self/cgroup').trim().split('\n').map(roomOf)
  return Math.max(0, Math.min(machine, ...groups))
}
