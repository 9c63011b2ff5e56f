// Checks of what one can do without: io_uring, a C compiler, tools to look at system calls with.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { compile, findCompiler, which } from '../../../bench/compile.js'
import { type Check, firstLine } from './finding.js'

const run = promisify(execFile)

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

export const tools: readonly Check[] = [
  ioUring,
  compiler,
  ptrace,
  tool('strace', 'it shows the system calls of each model'),
  tool('perf', 'it shows where the time goes'),
]
