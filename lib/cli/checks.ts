// What doctor looks at: each check reads one fact of this machine, and knows the cure where it is not as it must be.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compile, findCompiler, which } from '../../bench/compile.js'
import { messageOf } from './failure.js'

export interface Finding {
  name: string
  ok: boolean
  /** What was found. */
  detail: string
  /** What to do where it is not ok. */
  cure?: string
  /** Something works without it. */
  optional?: boolean
}

export type Check = () => Finding | Promise<Finding>

const run = promisify(execFile)

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const firstLine = (file: string): string => read(file).split('\n')[0]!.trim()

/** Is version `have` (6.18.4-x) at least `want` (5.4)? */
export function atLeast(have: string, want: string): boolean {
  const numbers = (version: string): number[] => (version.match(/\d+/g) ?? []).map(Number)
  const mine = numbers(have)
  for (const [index, wanted] of numbers(want).entries()) {
    if ((mine[index] ?? 0) !== wanted) return (mine[index] ?? 0) > wanted
  }
  return true
}

const kernel: Check = () => ({
  name: 'Linux kernel',
  ok: process.platform === 'linux' && atLeast(release(), '5.4'),
  detail: `${process.platform} ${release()} ${process.arch}`,
  cure: 'run it on Linux 5.4 or newer, in a virtual machine or a container of another system',
})

function glibcVersion(): string | undefined {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime
}

const glibc: Check = () => {
  const version = process.platform === 'linux' ? glibcVersion() : undefined
  return {
    name: 'GNU C library',
    ok: version !== undefined && atLeast(version, '2.28'),
    detail: version ?? 'none: this is another C library (musl?)',
    cure: 'use a distribution with glibc 2.28 or newer: Debian, Ubuntu, Fedora, not Alpine',
  }
}

const node: Check = () => ({
  name: 'Node.js',
  ok: atLeast(process.version, '20.17') && Number(process.versions['napi']) >= 8,
  detail: `${process.version}, Node-API ${process.versions['napi']}`,
  cure: 'install Node.js 20.17 or newer',
})

const addon: Check = async () => {
  const finding = { name: 'native addon', cure: 'run "npm rebuild posix-async" with a C++ compiler present' }
  try {
    const { getppid } = await import('posix-async/posix')
    return { ...finding, ok: getppid() === process.ppid, detail: 'loads, and the kernel answers through it' }
  } catch (error) {
    return { ...finding, ok: false, detail: messageOf(error) }
  }
}

const compiler: Check = async () => {
  const command = findCompiler()
  const cure = 'install one (Debian: apt install gcc libc6-dev); compare and load need it, nothing else does'
  if (!command) return { name: 'C compiler', ok: false, optional: true, detail: 'none of cc, gcc, clang, CC', cure }
  const works = await compile('io-uring-probe').then(
    () => undefined,
    (error: unknown) => (error as Error).message.split('\n').slice(0, 2).join(' '),
  )
  return { name: 'C compiler', ok: works === undefined, optional: true, detail: works ?? which(command[0]!)!, cure }
}

/** A soft limit of this process, from /proc/self/limits. */
function softLimit(name: string): number {
  const value = new RegExp(`^${name} +(\\S+)`, 'm').exec(read('/proc/self/limits'))?.[1]
  return value === 'unlimited' ? Infinity : Number(value ?? NaN)
}

const count = (value: number): string => (value === Infinity ? 'unlimited' : String(value))

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
  const own = read('/proc/self/cgroup')
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

const uringErrors: Record<string, string> = {
  '38': 'the kernel has none (ENOSYS)',
  '1': 'refused (EPERM): kernel.io_uring_disabled or a seccomp filter, as containers have',
  '12': 'no memory may be locked for it (ENOMEM): ulimit -l',
}

const uringCure =
  'sysctl kernel.io_uring_disabled=0; in a container, a seccomp profile that allows io_uring_setup. The epoll back end serves as well'

async function askForRing(): Promise<string> {
  const { stdout } = await run(await compile('io-uring-probe'), { timeout: 5000 })
  return stdout.trim()
}

const ioUring: Check = async () => {
  const finding = { name: 'io_uring', optional: true, cure: uringCure }
  const disabled = firstLine('/proc/sys/kernel/io_uring_disabled')
  if (disabled === '2') return { ...finding, ok: false, detail: 'switched off: kernel.io_uring_disabled is 2' }
  try {
    const errno = await askForRing()
    const detail =
      errno === '0' ? 'io_uring_setup gives a ring' : (uringErrors[errno] ?? `io_uring_setup fails, errno ${errno}`)
    return { ...finding, ok: errno === '0', detail }
  } catch {
    return { ...finding, ok: false, detail: 'not known: asking the kernel needs a C compiler here' }
  }
}

const forkMaps: Check = () => ({
  name: 'fork: memory maps',
  ok: read('/proc/self/maps') !== '' && atLeast(release(), '2.6.16'),
  detail: 'madvise(MADV_DOFORK) on what /proc/self/maps lists',
  cure: 'mount /proc, and allow this process to read its own /proc/self/maps',
})

const forkThreads: Check = () => {
  let threads = 0
  try {
    threads = readdirSync('/proc/self/task').length
  } catch {
    // told below
  }
  const detail = threads > 0 ? `/proc/self/task lists ${threads}` : '/proc/self/task cannot be read'
  return { name: 'fork: threads', ok: threads > 0, detail, cure: 'mount /proc without hidepid for this user' }
}

/** Which real-time signals (34 to 64) this process has no handler for: bit n - 1 of SigCgt is signal n. */
function freeRealTimeSignals(): number {
  const mask = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(read('/proc/self/status'))?.[1] ?? 'ffffffffffffffff'}`)
  return Array.from({ length: 31 }, (_, index) => 33n + BigInt(index)).filter((bit) => ((mask >> bit) & 1n) === 0n)
    .length
}

const forkSignals: Check = () => {
  const free = freeRealTimeSignals()
  const pending = softLimit('Max pending signals')
  return {
    name: 'fork: real-time signals',
    ok: free > 0 && pending > 0,
    detail: `${free} of 31 free, ${count(pending)} may be pending`,
    cure: 'ulimit -i 1024; a library that takes all real-time signals must leave one',
  }
}

const forkWorks: Check = async () => {
  const finding = {
    name: 'fork: a child of this runtime',
    cure: 'see the lines above; report it where all of them say yes',
  }
  try {
    const { stdout } = await run(process.execPath, [fileURLToPath(new URL('fork-probe.js', import.meta.url))], {
      timeout: 10_000,
    })
    const detail = stdout.trim() === 'forked' ? 'forked, ran JavaScript, was waited for' : stdout.trim()
    return { ...finding, ok: stdout.trim() === 'forked', detail }
  } catch (error) {
    const { stderr = '', killed } = error as { stderr?: string; killed?: boolean }
    const line = stderr.split('\n').find((text) => /Error/.test(text))
    return { ...finding, ok: false, detail: killed ? 'the child hung' : (line ?? messageOf(error)).trim() }
  }
}

function tool(name: string, use: string): Check {
  return () => {
    const file = which(name)
    return {
      name,
      ok: file !== undefined,
      optional: true,
      detail: file ?? `not there; ${use}`,
      cure: `install ${name}`,
    }
  }
}

const ptrace: Check = () => {
  const scope = firstLine('/proc/sys/kernel/yama/ptrace_scope') || '0'
  const words = ['any own process', 'own children only', 'root only', 'nobody'][Number(scope)]
  return {
    name: 'ptrace',
    ok: scope === '0' || scope === '1',
    optional: true,
    detail: `allowed for: ${words ?? scope}`,
    cure: 'sysctl kernel.yama.ptrace_scope=1; strace and gdb need it, nothing else does',
  }
}

/** In the order they are shown. */
export const checks: readonly Check[] = [
  kernel,
  glibc,
  node,
  addon,
  descriptors,
  processes,
  backlog,
  forkMaps,
  forkThreads,
  forkSignals,
  forkWorks,
  ioUring,
  compiler,
  ptrace,
  tool('strace', 'it shows the system calls of each model'),
  tool('perf', 'it shows where the time goes'),
]
