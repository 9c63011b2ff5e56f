// Why the addon could not be loaded, and what helps: a platform that has none, a bundle, another C library, an old one, no binary.

/** What is known when loading has failed. */
export interface Surroundings {
  platform: string
  arch: string
  /** The version of the GNU C library; undefined where there is another one (musl). */
  glibc: string | undefined
  /** The folder of posix-async; undefined where this code lies in no package of that name, as in a bundle. */
  folder: string | undefined
  /** What the loader said: the code of its error, and the message. */
  said: string
}

/** In words for a user: the cause, and its cure. */
export interface Unavailable {
  reason: string
  cure: string
}

const EXTERNAL =
  'keep it out of the bundle and install it beside it: --external:posix-async (esbuild), external (Rollup), ssr.external (Vite), externals (webpack)'
const BUILD = 'npx posix-async build compiles one (it needs a C++ compiler)'

// "version `GLIBC_2.34' not found": the library that is older than what the binary was made for.
const tooOld = /version [`'](GLIBC(?:XX)?|CXXABI)_([\d.]+)' not found/

/** Cause and cure of an addon that could not be loaded. */
export function whyUnavailable({ platform, arch, glibc, folder, said }: Surroundings): Unavailable {
  const here = `${platform} ${arch}`
  if (platform !== 'linux') {
    return {
      reason: `it works on Linux only, and this is ${here}`,
      cure: 'run it on Linux, in a container or a virtual machine',
    }
  }
  if (folder === undefined) return { reason: 'it was bundled, and a bundle has no native addon', cure: EXTERNAL }
  if (glibc === undefined) {
    return {
      reason: 'it needs the GNU C library, and this system has another one (musl, as Alpine Linux)',
      cure: 'take a system with glibc: Debian, Ubuntu, Fedora; of Docker images node:22-slim and not node:22-alpine',
    }
  }
  const [, library, version] = tooOld.exec(said) ?? []
  if (library !== undefined) {
    const name =
      library === 'GLIBC' ? `glibc ${version} or newer, and this is ${glibc}` : `a libstdc++ with ${library}_${version}`
    return { reason: `its binary needs ${name}`, cure: `take a newer system, or ${BUILD}` }
  }
  if (/ERR_DLOPEN_DISABLED/.test(said)) {
    return {
      reason: 'Node.js was told to load no addon (--no-addons, or --permission without --allow-addons)',
      cure: 'start it with --allow-addons, or without these flags',
    }
  }
  if (/No native build was found/.test(said)) {
    return { reason: `it came without a binary for ${here}`, cure: BUILD }
  }
  return { reason: `its binary could not be loaded on ${here}: ${said.trim().split('\n')[0]}`, cure: BUILD }
}
