// Limits of a child, under their names in setrlimit's manual: { cpu: 10, as: 2 ** 32, nofile: { soft: 64, hard: 128 } }.
// See: man 2 setrlimit.
import { invalidArgType, invalidArgValue, outOfRange } from '../errors.js'
import * as resources from '../posix/sys-resource.js'
import type { ResourceLimit } from '../posix/sys-resource.js'

const numbers = {
  as: resources.RLIMIT_AS,
  core: resources.RLIMIT_CORE,
  cpu: resources.RLIMIT_CPU,
  data: resources.RLIMIT_DATA,
  fsize: resources.RLIMIT_FSIZE,
  memlock: resources.RLIMIT_MEMLOCK,
  msgqueue: resources.RLIMIT_MSGQUEUE,
  nice: resources.RLIMIT_NICE,
  nofile: resources.RLIMIT_NOFILE,
  nproc: resources.RLIMIT_NPROC,
  rss: resources.RLIMIT_RSS,
  rtprio: resources.RLIMIT_RTPRIO,
  rttime: resources.RLIMIT_RTTIME,
  sigpending: resources.RLIMIT_SIGPENDING,
  stack: resources.RLIMIT_STACK,
}

/**
 * What a child may use, by the names of setrlimit: `cpu` in seconds of processor time, `as` (the whole address space), `data` (memory of
 * its own), `fsize` (the largest file it may write) in bytes, `nofile` descriptors and so on. A number sets the soft and the hard
 * limit, `{ soft, hard }` each; Infinity is none. The copied runtime counts: `as` and `data` begin at what the parent uses.
 */
export type Limits = { readonly [name in keyof typeof numbers]?: number | ResourceLimit | undefined }

/** Limits that were checked: resource and limit, ready for `setLimits`. */
export type CheckedLimits = readonly (readonly [resource: number, limit: ResourceLimit])[]

function asLimitNumber(name: string, value: unknown): number {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value)
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 0)) return value
  throw outOfRange(name, 'an integer >= 0, or Infinity', value)
}

function asLimit(name: string, value: unknown): ResourceLimit {
  if (typeof value !== 'object' || value === null) {
    const soft = asLimitNumber(name, value)
    // At the soft limit comes SIGXCPU, which says why; at the hard one SIGKILL, which does not.
    return { soft, hard: name.endsWith('.cpu') ? soft + 1 : soft }
  }
  const { soft, hard } = value as ResourceLimit
  const limit = { soft: asLimitNumber(`${name}.soft`, soft), hard: asLimitNumber(`${name}.hard`, hard) }
  if (limit.soft > limit.hard) throw outOfRange(`${name}.soft`, `<= ${hard}`, soft)
  return limit
}

/** Throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE (an unknown name), ERR_OUT_OF_RANGE. */
export function asLimits(limits: unknown): CheckedLimits {
  if (limits === undefined) return []
  if (typeof limits !== 'object' || limits === null) throw invalidArgType('options.limits', 'of type object', limits)
  const given = Object.entries(limits).filter(([, value]) => value !== undefined)
  return given.map(([name, value]) => {
    if (!Object.hasOwn(numbers, name)) throw invalidArgValue('options.limits', `must name limits of setrlimit`, name)
    return [numbers[name as keyof typeof numbers], asLimit(`options.limits.${name}`, value)] as const
  })
}

/** In the child. Throws ErrnoError EPERM where a limit is above the present hard one. */
export function setLimits(limits: CheckedLimits): void {
  for (const [resource, limit] of limits) resources.setrlimit(resource, limit)
}
