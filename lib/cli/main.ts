#!/usr/bin/env node
// The posix-async command: finds the verb, and turns whatever it throws into one line and an exit code.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { packageFolder } from '../../bench/measure/paths.js'
import { addCompare } from './compare.js'
import { addDoctor } from './doctor.js'
import { EXIT, fail } from './failure.js'
import { addLoad } from './load.js'
import { addRequest } from './request.js'
import { addServe } from './serve.js'

function version(): string {
  const manifest = JSON.parse(readFileSync(`${packageFolder}/package.json`, 'utf8')) as { version: string }
  return manifest.version
}

function createProgram(): Command {
  const program = new Command('posix-async')
    .description('Real POSIX concurrency for Node.js: processes, threads and events.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(posix-async help tells what there is)')
  for (const add of [addServe, addRequest, addCompare, addLoad, addDoctor]) add(program)
  return program
}

// A reader that has had enough (posix-async doctor | head -1) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await createProgram().parseAsync()
} catch (error) {
  // What Commander throws it has told already; its exit code is 0 for help and version.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage
  else fail(error)
}
