// npm run environments [-- --install] [--folder=DIR] [--only=WORD] [--forks=N]: tries fork() wherever it can be had on this machine, and prints
// a table: what works where, or the code and reason that a program gets. `--install` gets releases of Node.js and roots of Debian into the folder first.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kept } from '../../lib/cli/checks/fork-promise-names.js'
import { Workshop } from './compile.js'
import { environments, type Environment } from './environments/list.js'
import { tryPromises, tryStress } from './environments/try.js'

const { values } = parseArgs({
  options: {
    install: { type: 'boolean', default: false },
    folder: { type: 'string', default: join(tmpdir(), 'posix-async-environments') },
    only: { type: 'string', default: '' },
    forks: { type: 'string', default: '20' },
  },
})
const names = Object.keys(kept)
const cell = (text: string): string => text.replaceAll('|', '\\|')

// One reason for all, or each promise that is not kept with its own.
function verdict(found: Record<string, string | undefined>): string {
  const broken = names.filter((name) => found[name] !== undefined)
  if (broken.length === 0) return `all ${names.length} kept`
  const reasons = new Set(broken.map((name) => found[name]))
  if (broken.length === names.length && reasons.size === 1) return [...reasons].join()
  return broken.map((name) => `${name}: ${found[name]}`).join('; ')
}

async function line(environment: Environment): Promise<string> {
  const { name, missing } = environment
  if (missing) return `| ${name} | not available here: ${missing} | |`
  const found = await tryPromises(environment, names)
  const worked = Object.values(found).some((wrong) => wrong === undefined)
  const stress = worked ? ((await tryStress(environment, Number(values.forks))) ?? 'well') : ''
  return `| ${name} | ${cell(verdict(found))} | ${cell(stress)} |`
}

using workshop = new Workshop()
console.log(`| environment | promises | ${values.forks} forks under load |\n| --- | --- | --- |`)
for (const environment of environments(workshop, values.folder, values.install)) {
  if (environment.name.includes(values.only)) console.log(await line(environment))
}
