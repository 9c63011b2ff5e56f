// How many processors this process may use: its affinity, and the quota of processor time of its cgroup, of version 1 or 2.
// See: man 7 cgroups, man 2 sched_getaffinity
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return '' // no such file, or no cgroups at all
  }
}

// A quota and its period in microseconds, as a number of processors; Infinity where there is no limit.
function share(quota: string | undefined, period: string | undefined): number {
  const [most, of] = [Number(quota), Number(period)]
  return most > 0 && of > 0 ? most / of : Infinity
}

// "max 100000" or "50000 100000".
const version2 = (folder: string): number => share(...(read(join(folder, 'cpu.max')).split(' ') as [string, string]))

const version1 = (folder: string): number =>
  share(read(join(folder, 'cpu.cfs_quota_us')), read(join(folder, 'cpu.cfs_period_us')))

// A cgroup's limit holds for all below it: the folder and each above it, up to the mount point. In a container the folder that
// /proc names may be that of the host; the mount point itself has the container's limits then.
function least(mount: string, path: string, limitOf: (folder: string) => number): number {
  const names = path.split('/').filter((name) => name !== '' && name !== '..')
  const folders = names.map((_, i) => join(mount, ...names.slice(0, i + 1)))
  return Math.min(...[mount, ...folders].map(limitOf))
}

/** The processors that the cgroup's quota is worth; Infinity where there is none. @param cgroups the text of /proc/self/cgroup */
export function quotaOf(cgroups: string, root: string = ROOT): number {
  const limits = cgroups.split('\n').map((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (path === '') return Infinity
    if (controllers === '') return Math.min(least(root, path, version2), least(join(root, 'unified'), path, version2))
    if (!controllers.split(',').includes('cpu')) return Infinity
    return Math.min(least(join(root, 'cpu,cpuacct'), path, version1), least(join(root, 'cpu'), path, version1))
  })
  return Math.min(Infinity, ...limits)
}

/** A whole number of at least 1: half a processor is one worker. */
export function processors(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quotaOf(read('/proc/self/cgroup')))))
}
