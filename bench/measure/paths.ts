// Where the package's own files lie: its C sources beside package.json, from bench/ and from dist/bench/ alike.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The compiled program of bench/ with that name. */
export const programFile = (name: string): string => join(packageFolder, 'dist/bench', `${name}.js`)

/** The package's folder: the one that holds package.json. */
export const packageFolder = (() => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
})()
