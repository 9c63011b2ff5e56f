import * as P from 'posix-async/posix'
for(let i=0;i<3;i++){const p=P.fork(); if(p===0){ console.log(_dump()); P._exit(0)} P.waitpid(p,0)}
