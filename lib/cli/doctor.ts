// posix-async doctor: what this machine has of what the package needs, line by line, yes or no, and the cure.
import type { Command } from 'commander'
import colors from 'picocolors'
import type { Finding } from './checks/finding.js'
import { checks } from './checks/index.js'
import { EXIT } from './failure.js'

const WIDTH = 32

function verdict({ ok, optional }: Finding): string {
  if (ok) return colors.green('yes')
  return optional ? colors.yellow('no ') : colors.red('NO ')
}

function render(finding: Finding): string {
  const { name, ok, detail, cure, optional } = finding
  const line = `${verdict(finding)}  ${name.padEnd(WIDTH)} ${detail}${!ok && optional ? colors.dim(' (can do without)') : ''}`
  return ok || cure === undefined ? line : `${line}\n     ${' '.repeat(WIDTH)} ${colors.cyan(`cure: ${cure}`)}`
}

// Of what can be done without, what needs it.
function exceptions(findings: readonly Finding[]): string {
  const lost = findings
    .filter(({ ok, without }) => !ok && without)
    .map(({ name, without }) => `${without}, which need a ${name}`)
  return lost.length > 0 ? `, but for ${lost.join('; ')}` : ''
}

async function doctor({ json }: { json?: boolean }): Promise<void> {
  const findings: Finding[] = []
  for (const check of checks) {
    const finding = await check()
    findings.push(finding)
    if (!json) process.stdout.write(`${render(finding)}\n`)
  }
  const sick = findings.filter(({ ok, optional }) => !ok && !optional)
  if (json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`)
  else if (sick.length === 0) process.stdout.write(`\nposix-async can do all its work here${exceptions(findings)}.\n`)
  else process.stdout.write(`\n${sick.length} of the things it needs are missing.\n`)
  if (sick.length > 0) process.exitCode = EXIT.error
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look at kernel, limits and tools: each line yes or no, and the cure')
    .option('-j, --json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0 all that is needed is there, 1 something is missing\n')
    .action(doctor)
}
