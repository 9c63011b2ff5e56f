// The environments in which fork()'s promises are tried: what a program is started with, and whether it can be had on this machine.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, type Workshop } from '../compile.js'

export interface Environment {
  name: string
  /** Why it is not to be had here. */
  missing?: string | undefined
  node?: string
  under?: string[]
  nodeArgs?: string[]
  env?: Record<string, string>
}

const works = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0
const why = (works: boolean, missing: string): string | undefined => (works ? undefined : missing)

// The first, one in the middle and the last of each line that is supported.
const releases = ['20.17.0', '20.19.0', '20', '22.3.0', '22.12.0', '22', '24.0.0', '24.5.0', '24', '26.0.0', '26']

/** @param folder where `npm i --prefix folder/node-VERSION node@VERSION` has put them, or is to; `install` does */
function nodes(folder: string, install: boolean): Environment[] {
  return releases.map((version) => {
    const prefix = join(folder, `node-${version}`)
    const node = join(prefix, 'node_modules/node/bin/node')
    if (install && !existsSync(node)) {
      spawnSync('npm', ['i', '--no-save', '--silent', '--prefix', prefix, `node@${version}`], { stdio: 'ignore' })
    }
    const runs = existsSync(node)
    const found = runs ? execFileSync(node, ['--version'], { encoding: 'utf8' }).trim() : `v${version}`
    return { name: `Node.js ${found}`, node, missing: why(runs, 'not installed (--install)') }
  })
}

// Debian's own nodejs, whose libuv and V8 are libraries, in a root of its own in which this folder is seen under its own name.
function debians(folder: string, install: boolean): Environment[] {
  return ['trixie', 'sid'].map((suite) => {
    const inside = join(folder, suite)
    if (install && !existsSync(inside) && works('debootstrap', '--version')) {
      spawnSync('debootstrap', ['--variant=minbase', '--include=nodejs', suite, inside], { stdio: 'ignore' })
    }
    const here = root.replace(/\/$/, '')
    const mounts = `mkdir -p ${inside}${here} ${inside}/proc; mount --bind ${here} ${inside}${here}; mount -t proc proc ${inside}/proc`
    const under = ['unshare', '-m', 'sh', '-c', `${mounts}; exec chroot ${inside} "$@"`, 'sh']
    const missing = why(existsSync(`${inside}/usr/bin/node`), 'no root of it here (--install, debootstrap)')
    return { name: `Debian ${suite}, its own nodejs`, node: '/usr/bin/node', under, missing }
  })
}

function filters(workshop: Workshop): Environment[] {
  const source = 'test/fixtures/without-call.c'
  const calls = ['io_uring_setup', 'process_vm_readv', 'clone3', 'rseq', 'rt_tgsigqueueinfo']
  return calls.map((call) => {
    const under = [workshop.executable(`without-${call}`, [`-DREFUSED=SYS_${call}`, source])]
    return { name: `seccomp: ${call} refused`, under, missing: why(works(under[0]!, 'true'), 'seccomp is refused') }
  })
}

function mounts(): Environment[] {
  const missing = why(works('unshare', '-m', 'true'), 'unshare -m is refused')
  const after = (mount: string): string[] => ['unshare', '-m', 'sh', '-c', `${mount} && exec "$@"`, 'sh']
  return [
    { name: 'no /proc', under: after('mount -t tmpfs none /proc'), missing },
    { name: '/proc with hidepid=2', under: after('mount -t proc -o hidepid=2 proc /proc'), missing },
    { name: 'a read-only root', under: after('mount -o remount,bind,ro /'), missing },
  ]
}

function users(): Environment[] {
  const user = ['setpriv', '--reuid=65534', '--clear-groups']
  const missing = why(works(user[0]!, ...user.slice(1), 'true'), 'setpriv is refused')
  return [
    { name: 'uid 65534', under: user, missing },
    { name: 'uid 65534, RLIMIT_NPROC 24', under: [...user, 'prlimit', '--nproc=24'], missing },
  ]
}

function allocators(): Environment[] {
  const folder = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`
  return ['libjemalloc.so.2', 'libtcmalloc_minimal.so.4', 'libmimalloc.so.2'].map((library) => {
    const path = join(folder, library)
    return { name: library, env: { LD_PRELOAD: path }, missing: why(existsSync(path), 'not installed') }
  })
}

function settings(): Environment[] {
  const flag = process.version.startsWith('v20.') ? '--experimental-permission' : '--permission'
  return [
    { name: 'as it is' },
    { name: '--permission', nodeArgs: [flag, '--allow-addons', '--allow-fs-read=*', '--allow-fs-write=*'] },
    { name: '--predictable', nodeArgs: ['--predictable'] },
    { name: 'UV_THREADPOOL_SIZE=1', env: { UV_THREADPOOL_SIZE: '1' } },
    { name: 'UV_THREADPOOL_SIZE=128', env: { UV_THREADPOOL_SIZE: '128' } },
    { name: 'UV_USE_IO_URING=1', env: { UV_USE_IO_URING: '1' } },
  ]
}

/** Those that need nothing but this machine. */
export const ofThisMachine = (workshop: Workshop): Environment[] => [
  ...settings(),
  ...filters(workshop),
  ...mounts(),
  ...users(),
  ...allocators(),
]

/** @param folder for releases of Node and roots of Debian, which `install` puts there */
export const environments = (workshop: Workshop, folder: string, install: boolean): Environment[] => [
  ...ofThisMachine(workshop),
  ...nodes(folder, install),
  ...debians(folder, install),
]
