// node:http, Express, Fastify and WebSockets in the children of forkServer (test/fixtures/http-applications.ts).
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

const fixture = (name: string) => runFixture<unknown>('http-applications', name, { timeout: 25_000 })

describe.each(['child', 'workers'])('http() in a %s', (form) => {
  it.each(['node', 'express', 'fastify'])('%s: a connection that is kept alive has one process', async (name) => {
    expect(await fixture(`${form}:${name}`)).toEqual({
      names: ['200 one', '200 two', '200 three', '200 four'],
      one: true,
      ownChild: true,
      missing: '404',
    })
  })

  it('WebSockets (ws) live there, and are let finish by close()', async () => {
    expect(await fixture(`${form}:webSocket`)).toEqual({
      said: ['one', 'two', 'three'],
      same: true,
      own: true,
      elsewhere: true,
    })
  })
})
