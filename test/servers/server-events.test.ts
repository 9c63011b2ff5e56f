// The listeners of a server know what they are called with: checked by the compiler, which builds this file too.
import { EventEmitter } from 'node:events'
import { expect, expectTypeOf, it } from 'vitest'
import type { Client, Server } from '../../lib/index.js'

it('are typed, and those that a model adds are the listener’s to type', () => {
  const server = new EventEmitter() as Server
  server.on('clientError', (error, client) => {
    expectTypeOf(error).toEqualTypeOf<Error>()
    expectTypeOf(client).toEqualTypeOf<Client>()
  })
  server.once('connection', (client) => expectTypeOf(client).toEqualTypeOf<Client>())
  server.on('connection', (client, child: { pid: number }) => `${client.remotePort} ${child.pid}`)
  server.on('exit', (child: { pid: number }, code: number | null) => `${child.pid} ${code}`)
  // @ts-expect-error: 'error' gives an Error
  server.on('error', (error: number) => error)
  // @ts-expect-error: 'listening' gives nothing
  server.on('listening', (port: number) => port)
  expect(server.eventNames()).toEqual(['clientError', 'connection', 'exit', 'error', 'listening'])
})
