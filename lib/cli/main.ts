#!/usr/bin/env node
// The posix-async command: finds the verb, and turns whatever it throws into one line and an exit code.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addBuild } from './build.js'
import { addComparison } from './comparison.js'
import { addDoctor } from './doctor.js'
import { EXIT, fail } from './failure.js'
import { addRequest } from './request.js'
import { addServe } from './serve.js'

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}

async function createProgram(): Promise<Command> {
  const program = new Command('posix-async')
    .description('Real POSIX concurrency for Node.js: processes, threads and events.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(posix-async help tells what there is)')
  addServe(program)
  addRequest(program)
  await addComparison(program, process.argv.slice(2))
  addDoctor(program)
  addBuild(program)
  return program
}

// A reader that has had enough (posix-async doctor | head -1) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await (await createProgram()).parseAsync()
} catch (error) {
  // What Commander throws it has told already; its exit code is 0 for help and version.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage
  else fail(error)
}
