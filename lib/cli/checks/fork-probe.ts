// Run by doctor as a program of its own: forks once, and prints what the child's exit status was.
import { _exit, fork, waitpid, WEXITSTATUS, WIFEXITED } from 'posix-async/posix'

const STATUS = 7
const pid = fork()
if (pid === 0) _exit(STATUS)
const end = waitpid(pid, 0)
const right = WIFEXITED(end.status) && WEXITSTATUS(end.status) === STATUS
console.log(right ? 'forked' : `the child ended with status ${end.status}`)
