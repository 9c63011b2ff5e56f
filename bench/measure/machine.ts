// What a comparison was made on: processors, kernel, its mitigations, and the versions of everything that was run.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { arch, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { findCompiler } from 'posix-async/command'
import { libraryFolder } from './paths.js'

export interface Machine {
  cpus: string
  kernel: string
  arch: string
  /** Bytes. */
  memory: number
  /** What the processor runs below, where that is known. */
  hypervisor: string | null
  /** The kernel's counter-measures that cost time, by the weakness that they are for; those not affected are left out. */
  mitigations: Record<string, string>
  node: string
  posixAsync: string
  compiler: string | null
  python: string | null
  libc: string
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

function mitigations(): Machine['mitigations'] {
  const folder = '/sys/devices/system/cpu/vulnerabilities'
  try {
    const all = readdirSync(folder).map((name) => [name, read(join(folder, name))] as const)
    return Object.fromEntries(all.filter(([, text]) => text !== '' && text !== 'Not affected'))
  } catch {
    return {}
  }
}

function firstLine(command: readonly string[] | undefined): Promise<string | null> {
  if (!command) return Promise.resolve(null)
  return new Promise((resolve) => {
    execFile(command[0]!, [...command.slice(1), '--version'], { timeout: 5000 }, (error, stdout) => {
      resolve(error ? null : stdout.split('\n')[0]!)
    })
  })
}

function hypervisor(): string | null {
  if (!/^flags\s*:.*\bhypervisor\b/m.test(read('/proc/cpuinfo'))) return null
  return read('/sys/hypervisor/type') || 'yes'
}

export async function describeMachine(): Promise<Machine> {
  const [first] = cpus()
  const [compiler, python] = await Promise.all([firstLine(findCompiler()), firstLine(['python3'])])
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  const manifest = JSON.parse(read(join(libraryFolder, 'package.json'))) as { version: string }
  return {
    cpus: `${cpus().length} x ${first?.model.trim() || arch()}`,
    kernel: release(),
    arch: arch(),
    memory: totalmem(),
    hypervisor: hypervisor(),
    mitigations: mitigations(),
    node: process.version,
    posixAsync: manifest.version,
    compiler,
    python,
    libc: header.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'unknown',
  }
}
