// Checks of limits that servers run into: descriptors, processes, the listen queue.
import { type Check, count, firstLine, readText, softLimit } from './finding.js'

const descriptors: Check = () => {
  const limit = softLimit('Max open files')
  return {
    name: 'open files',
    ok: limit >= 1024,
    detail: `${count(limit)} a process`,
    cure: 'ulimit -n 65536, or LimitNOFILE= of the systemd unit',
  }
}

// The own cgroup's limit of processes; "max" where there is none.
function cgroupPids(): number {
  const own = readText('/proc/self/cgroup')
    .split('\n')
    .find((line) => line.startsWith('0::'))
    ?.slice(3)
  const text = firstLine(`/sys/fs/cgroup${own ?? ''}/pids.max`)
  return text === '' || text === 'max' ? Infinity : Number(text)
}

const processes: Check = () => {
  const places = { 'ulimit -u': softLimit('Max processes'), 'cgroup pids.max': cgroupPids() }
  const [where, least] = Object.entries(places).toSorted((a, b) => a[1] - b[1])[0]!
  return {
    name: 'processes',
    ok: least >= 512,
    detail: `${count(least)} (${where}), with their threads`,
    cure: 'raise ulimit -u, TasksMax= of the systemd unit, or --pids-limit of the container',
  }
}

const backlog: Check = () => {
  const most = Number(firstLine('/proc/sys/net/core/somaxconn'))
  return {
    name: 'listen queue',
    ok: most >= 511,
    optional: true,
    detail: `net.core.somaxconn ${most}`,
    cure: 'sysctl net.core.somaxconn=4096, or bursts of connections are refused before a server sees them',
  }
}

export const limits: readonly Check[] = [descriptors, processes, backlog]
