// What goes wrong where nobody waits for a child: what is left of it stays in the table of processes, a zombie.
import { readFileSync, existsSync } from 'node:fs'
import { _exit, close, fork, pidfd_open, poll, POLLIN, waitpid } from 'posix-async/posix'

const child = fork()
if (child === 0) _exit(0)
const pidfd = pidfd_open(child)
poll([{ fd: pidfd, events: POLLIN }], null) // it has ended
close(pidfd)
const [state] = readFileSync(`/proc/${child}/stat`, 'utf8').split(') ').at(-1)!
console.log(`state ${state}${state === 'Z' ? ': a zombie, for nobody has waited for it' : ''}`)
waitpid(child, 0)
console.log(existsSync(`/proc/${child}`) ? 'it is still there' : 'gone, now that it was waited for')
