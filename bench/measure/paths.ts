// Where the files of this package and of posix-async lie: in a clone, where one repository has both, and where they are installed.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const manifestFolder = (() => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
})()

/** The folder of this package: its C and Python sources. The compiled files of a clone lie outside it, in dist/bench of the repository. */
export const benchFolder = existsSync(join(manifestFolder, 'bench/c')) ? join(manifestFolder, 'bench') : manifestFolder

/** The folder of posix-async: package.json and include/. */
export const libraryFolder = dirname(createRequire(import.meta.url).resolve('posix-async/package.json'))

const compiled = [join(benchFolder, '../dist/bench'), join(benchFolder, 'dist')].find((folder) => existsSync(folder))

/** The compiled program of this package with that name. */
export const programFile = (name: string): string => join(compiled ?? benchFolder, `${name}.js`)
