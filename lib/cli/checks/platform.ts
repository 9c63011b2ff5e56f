// Checks of what the package runs on: kernel, C library, Node.js, and its own addon.
import { release } from 'node:os'
import { messageOf } from '../failure.js'
import { atLeast, type Check } from './finding.js'

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
    ok: version !== undefined && atLeast(version, '2.34'),
    detail: version ?? 'none: this is another C library (musl?)',
    cure: 'use a distribution with glibc 2.34 or newer: Debian 12, Ubuntu 22.04, Fedora 36; not Alpine',
  }
}

// As fork() has it, which refuses on others; `engines` of package.json asks for more, so that require() works too.
const isSupported = (version: string): boolean =>
  version.startsWith('v20.') ? atLeast(version, '20.17') : atLeast(version, '22.3')

const node: Check = () => ({
  name: 'Node.js',
  ok: isSupported(process.version) && Number(process.versions['napi']) >= 8,
  detail: `${process.version}, Node-API ${process.versions['napi']}`,
  cure: 'install Node.js 20.17 or newer, 22.3 or newer, or 24 and newer',
})

const addon: Check = async () => {
  const finding = { name: 'native addon', cure: 'npx posix-async build compiles it (it needs a C++ compiler)' }
  try {
    const { getppid } = await import('posix-async/posix')
    return { ...finding, ok: getppid() === process.ppid, detail: 'loads, and the kernel answers through it' }
  } catch (error) {
    const { reason = messageOf(error), cure = finding.cure } = error as { reason?: string; cure?: string }
    return { ...finding, ok: false, detail: reason, cure }
  }
}

export const platform: readonly Check[] = [kernel, glibc, node, addon]
