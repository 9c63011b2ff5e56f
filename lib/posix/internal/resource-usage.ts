// What was used, of a process or of a child that was waited for, as the addon gives it (native/rusage.h). Internal.

/** What was used. */
export interface ResourceUsage {
  /** Time in user code and in the kernel, in milliseconds, exact to the microsecond. */
  readonly utime: number
  readonly stime: number
  /** The most memory that was resident, in KiB. */
  readonly maxrss: number
  /** Page faults without and with I/O. */
  readonly minflt: number
  readonly majflt: number
  /** Blocks read and written by file systems. */
  readonly inblock: number
  readonly oublock: number
  /** Context switches: waiting for something, and made to give way. */
  readonly nvcsw: number
  readonly nivcsw: number
}

/** @param fields in the order of native/rusage.h */
export function usageOf(fields: Float64Array): ResourceUsage {
  const [utime = 0, stime = 0, maxrss = 0, minflt = 0, majflt = 0, inblock = 0, oublock = 0, nvcsw = 0, nivcsw = 0] =
    fields
  return { utime, stime, maxrss, minflt, majflt, inblock, oublock, nvcsw, nivcsw }
}
