import { forkServer } from 'posix-async'
import * as P from 'posix-async/posix'
import net from 'node:net'
const cells=new Float64Array(P.mmap(null,4096))
const mark=(i)=>{const u=P.getrusage(P.RUSAGE_SELF); cells[i*4]=u.minflt; cells[i*4+1]=performance.now(); cells[i*4+2]=u.utime+u.stime}
mark(20)
P.pthread_atfork(null,null,()=>mark(0))
const fib=n=>n<2?1:fib(n-1)+fib(n-2)
const s=await forkServer({port:0,host:'127.0.0.1'},conn=>{mark(1); const r=conn.readSync(256); mark(2); const v=String(fib(Number(r)));mark(3); conn.writeSync(v); mark(4)})
const ask=()=>new Promise(res=>{const c=net.connect(s.address().port,'127.0.0.1',()=>c.write('5'));c.on('data',()=>{});c.on('close',res)})
const rows=[]
for(let i=0;i<60;i++){ cells.fill(0); await ask(); await new Promise(r=>setTimeout(r,5)); rows.push(Array.from({length:5},(_,k)=>[cells[k*4],cells[k*4+1],cells[k*4+2]])) }
const med=(a)=>a.sort((x,y)=>x-y)[a.length>>1]
for(let k=0;k<5;k++) console.log(['child hook','handler','read','fib','write'][k], 'faults',med(rows.map(r=>r[k][0])), 'dt ms', k?med(rows.map(r=>r[k][1]-r[k-1][1])).toFixed(3):'', 'cpu ms', med(rows.map(r=>r[k][2])).toFixed(3))
await s.close(); process.exit()
