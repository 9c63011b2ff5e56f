// A client of the Async Server: uploads 100 MB with blocking writes and prints the server's reply and the upload's SHA-256.
//
//   node dist/examples/async-client.js [PORT, default 5000] [MEGABYTES, default 100]
import { createHash, randomBytes } from 'node:crypto'
import { AF_INET, close, connect, read, SHUT_WR, shutdown, SOCK_STREAM, socket, write } from 'posix-async/posix'

const [port = '5000', megabytes = '100'] = process.argv.slice(2)
const MEGABYTE = 1_000_000

/** A blocking write may take a part only. */
function writeAll(fd: number, data: Buffer): void {
  for (let done = 0; done < data.length;) done += write(fd, data, done)!
}

function upload(fd: number): string {
  const hash = createHash('sha256')
  const data = randomBytes(MEGABYTE)
  for (let sent = 0; sent < Number(megabytes); sent++) {
    data.writeUInt32LE(sent) // no two megabytes are the same
    hash.update(data)
    writeAll(fd, data)
  }
  shutdown(fd, SHUT_WR) // end of file for the server; its reply still comes
  return hash.digest('hex')
}

function reply(fd: number): string {
  const buffer = Buffer.alloc(256)
  let text = ''
  for (let count = read(fd, buffer)!; count > 0; count = read(fd, buffer)!) text += buffer.toString('utf8', 0, count)
  return text.trim()
}

const fd = socket(AF_INET, SOCK_STREAM)
connect(fd, { family: AF_INET, address: '127.0.0.1', port: Number(port) })
const begun = performance.now()
const sha256 = upload(fd)
const answer = reply(fd)
close(fd)
console.log(`the server says: ${answer || 'nothing'}`)
console.log(`${megabytes} MB in ${((performance.now() - begun) / 1000).toFixed(2)} s, sha256 ${sha256}`)
if (answer !== `${Number(megabytes) * MEGABYTE} bytes received`) process.exitCode = 1
