// Checks of what one can do without: io_uring, a C compiler, tools to look at system calls with.
import { execFile } from 'node:child_process'
import { findCompiler, which } from '../programs.js'
import { type Check, firstLine } from './finding.js'

const ioUring: Check = async () => {
  const finding = {
    name: 'io_uring',
    optional: true,
    cure: 'sysctl kernel.io_uring_disabled=0; in a container, a seccomp profile that allows io_uring_setup. aio and the epoll back end serve as well',
  }
  const disabled = firstLine('/proc/sys/kernel/io_uring_disabled')
  if (disabled === '2') return { ...finding, ok: false, detail: 'switched off: kernel.io_uring_disabled is 2' }
  const { Ring } = await import('posix-async/posix')
  const found = Ring.availability()
  const detail = found.available ? 'io_uring_setup gives a ring' : `${found.code}: ${found.reason}`
  return { ...finding, ok: found.available, detail }
}

// Undefined where it compiles a program that includes a header of the C library, and its first words where it refuses.
function refusalOf(command: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const args = [...command.slice(1), '-x', 'c', '-fsyntax-only', '-']
    const child = execFile(command[0]!, args, { timeout: 10_000 }, (error, _stdout, stderr) =>
      resolve(error ? (stderr || error.message).split('\n').slice(0, 2).join(' ') : undefined),
    )
    child.stdin!.on('error', () => {}).end('#include <stdio.h>\n')
  })
}

const compiler: Check = async () => {
  const command = findCompiler()
  const cure = 'install one (Debian: apt install gcc libc6-dev); compare and load need it, nothing else does'
  const finding = { name: 'C compiler', optional: true, without: 'compare and load', cure }
  if (!command) return { ...finding, ok: false, detail: 'none of cc, gcc, clang, CC' }
  const refusal = await refusalOf(command)
  return { ...finding, ok: refusal === undefined, detail: refusal ?? which(command[0]!)! }
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
