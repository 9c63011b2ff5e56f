// The verbs compare and load, which are a package of their own: found where it is installed, and how to get it where it is not.
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { Failure } from './failure.js'

const PACKAGE = 'posix-async-compare'

const verbs = {
  compare: "the main job: every model, the C peers, node's and Python's servers on real requests; table, JSON, chart",
  load: 'drive a server on this machine: requests, echo, idle connections, uploads, or short connections that end in every way',
}

interface Comparison {
  addVerbs(program: Command): void
}

// A clone has it compiled beside the library. Elsewhere it is looked for beside this package, beside the program that was started (which
// is its own, under npx), and in the folder where the command was given.
function findComparison(): string | undefined {
  const beside = fileURLToPath(new URL('../../bench/command.js', import.meta.url))
  if (existsSync(beside)) return beside
  for (const from of [import.meta.url, realpathSync(process.argv[1]!), join(process.cwd(), 'any.js')]) {
    try {
      return createRequire(from).resolve(`${PACKAGE}/command`)
    } catch {
      continue // not installed there
    }
  }
  return undefined
}

function addSubstitutes(program: Command): void {
  for (const [verb, description] of Object.entries(verbs)) {
    program
      .command(verb)
      .description(`${description} (package ${PACKAGE})`)
      .argument('[anything...]')
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw new Failure(
          `"${verb}" is in a package of its own, which is not installed here: npx ${PACKAGE} ${verb}, or npm install ${PACKAGE}`,
        )
      })
  }
}

/** Adds compare and load; their code is loaded only where `words` (the arguments of the command) ask for one of them. */
export async function addComparison(program: Command, words: readonly string[]): Promise<void> {
  const file = words.some((word) => word in verbs) ? findComparison() : undefined
  if (file === undefined) return addSubstitutes(program)
  const { addVerbs } = (await import(pathToFileURL(file).href)) as Comparison
  addVerbs(program)
}
