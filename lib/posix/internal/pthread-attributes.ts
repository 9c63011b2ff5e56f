// What a thread is made with, as JavaScript has it and as pthread_create takes it. See: man 3 pthread_attr_init, man 3 CPU_SET.
import { namesOf, refuseUnknown } from './known-options.js'
import { invalidArgType } from '../../errors.js'
import { constant } from '../../native.js'
import { asInteger, asList } from './arguments.js'

const CPUS = constant('CPU_SETSIZE')

/** What a thread is made with; what is left out is as C has it by default. */
export interface PthreadAttributes {
  /** Nobody joins it: what it had is given back at its end (default false). */
  detached?: boolean
  /** Bytes of its stack, PTHREAD_STACK_MIN at least (default: RLIMIT_STACK of the process at its start, mostly 8 MiB). */
  stackSize?: number
  /** Bytes below its stack that nobody may touch, rounded up to whole pages; an overflow ends the process there (default: a page). */
  guardSize?: number
  /** The processors that it may run on (default: those of the calling thread). */
  cpus?: readonly number[]
}

/** A cpu_set_t, a bit a processor, with none in it. */
export const emptyCpuSet = (): Uint8Array => new Uint8Array(CPUS / 8)

function asSize(name: string, value: unknown): number {
  return value === undefined ? -1 : asInteger(name, value, 0, Number.MAX_SAFE_INTEGER)
}

/** Processors by their numbers, as a cpu_set_t. Throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. */
export function asCpuSet(name: string, value: unknown): Uint8Array {
  const set = emptyCpuSet()
  const cpus = asList(name, value, (cpu, its) => asInteger(its, cpu, 0, CPUS - 1))
  for (const cpu of cpus) set[cpu >> 3]! |= 1 << (cpu & 7)
  return set
}

/** The processors of a cpu_set_t, ascending. */
export function cpusOf(set: Uint8Array): number[] {
  return Array.from({ length: CPUS }, (_, cpu) => cpu).filter((cpu) => set[cpu >> 3]! & (1 << (cpu & 7)))
}

const ATTRIBUTES = namesOf<PthreadAttributes>({ detached: true, stackSize: true, guardSize: true, cpus: true })

/** Checks the attributes; a size that is left out is -1, and no processors are none named. Throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE. */
export function asAttributes(value: unknown) {
  if (typeof value !== 'object' || value === null) throw invalidArgType('attr', 'of type object', value)
  refuseUnknown(value, ATTRIBUTES)
  const { detached = false, stackSize, guardSize, cpus } = value as PthreadAttributes
  if (typeof detached !== 'boolean') throw invalidArgType('attr.detached', 'of type boolean', detached)
  return {
    detached,
    stackSize: asSize('attr.stackSize', stackSize),
    guardSize: asSize('attr.guardSize', guardSize),
    cpus: cpus === undefined ? new Uint8Array() : asCpuSet('attr.cpus', cpus),
  }
}
