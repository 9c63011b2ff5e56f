#!/usr/bin/env node
// npx posix-async-compare: the posix-async command, with "compare" as the verb that need not be named.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { libraryFolder } from './measure/paths.js'

const manifest = JSON.parse(readFileSync(join(libraryFolder, 'package.json'), 'utf8')) as {
  bin: Record<string, string>
}
if (!['compare', 'load'].includes(process.argv[2] ?? '')) process.argv.splice(2, 0, 'compare')
await import(pathToFileURL(join(libraryFolder, manifest.bin['posix-async']!)).href)
