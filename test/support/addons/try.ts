// Run by npm run addons, with a package's name and the folder that it is in: uses it, forks, uses it in the child and again in the parent, and
// prints how that went as a line of JSON.
import { writeSync } from 'node:fs'
import { _exit, fork, kill, waitpidAsync, WEXITSTATUS, WIFEXITED, WTERMSIG } from 'posix-async/posix'
import { useOf, type Use } from './uses.js'

const PATIENCE = 8000 // milliseconds

async function outcome(use: Use): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => (timer = setTimeout(() => resolve('waits for ever'), PATIENCE)))
  const used = use().then(
    (worked) => (worked ? 'works' : 'gives something else'),
    (error: NodeJS.ErrnoException) => `${error.code ?? error.name}: ${error.message.split('\n')[0]}`,
  )
  const found = await Promise.race([used, late])
  clearTimeout(timer)
  return found
}

const outcomes = ['works', 'waits for ever']

async function inChild(use: Use): Promise<string> {
  const pid = fork()
  if (pid === 0) {
    void outcome(use).then((found) => {
      if (!outcomes.includes(found)) writeSync(2, `${found}\n`)
      _exit(outcomes.indexOf(found) + 1)
    })
    return new Promise(() => {})
  }
  const timer = setTimeout(() => kill(pid, 'SIGKILL'), 2 * PATIENCE)
  const { status } = await waitpidAsync(pid)
  clearTimeout(timer)
  if (!WIFEXITED(status)) return `dies by signal ${WTERMSIG(status)}`
  return outcomes[WEXITSTATUS(status) - 1] ?? 'fails'
}

const use = useOf(process.argv[2]!, process.argv[3]!)
const before = await outcome(use)
const child = await inChild(use)
const after = await outcome(use)
writeSync(1, `${JSON.stringify({ before, child, after })}\n`)
_exit(0)
