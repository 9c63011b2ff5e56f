// npm run addons [-- --folder=DIR] [--only=WORD]: installs other addons into a folder of their own by npm, tries each in a parent and in its
// child, and prints the table that stands in docs/fork.md.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { uses } from './addons/uses.js'

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: join(tmpdir(), 'posix-async-addons') },
    only: { type: 'string', default: '' },
  },
})
const program = fileURLToPath(new URL('addons/try.js', import.meta.url))

// Each has a folder of its own: what is not saved goes when the next is installed.
const folderOf = (name: string): string => join(values.folder, name.replaceAll('/', '+'))

function install(name: string): boolean {
  const folder = folderOf(name)
  if (existsSync(join(folder, 'node_modules', name))) return true
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const args = ['i', '--no-save', '--silent', '--prefix', folder, name]
  return spawnSync('npm', args, { stdio: 'ignore' }).status === 0 && existsSync(join(folder, 'node_modules', name))
}

function line(name: string): string {
  if (!install(name)) return `| ${name} | not available here | | |`
  const { stdout, stderr } = spawnSync(process.execPath, [program, name, folderOf(name)], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  const last = stdout.trim().split('\n').at(-1) ?? ''
  if (!last.startsWith('{')) return `| ${name} | ${stderr.trim().split('\n')[0] ?? ''} | | |`
  const { before, child, after } = JSON.parse(last) as Record<string, string>
  return `| ${name} | ${before} | ${child} | ${after} |`
}

console.log('| package | before the fork | in the child | in the parent, after it |\n| --- | --- | --- | --- |')
for (const name of Object.keys(uses)) if (name.includes(values.only)) console.log(line(name))
