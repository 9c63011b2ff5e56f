// A child that is forked in the first milliseconds of a program fetches as any other, though the runtime had not compiled fetch's parser yet.
// Each case is a program of its own, test/fixtures/fork-early.ts.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endOf } from '../support/run-fixture.js'

// One for the parent, and one for its children.
const servers = [1, 2].map(() => createServer((request, response) => response.end(request.url)))
const url = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

beforeAll(() => Promise.all(servers.map((server) => once(server.listen(0), 'listening'))))
afterAll(() => servers.forEach((server) => server.close()))

const both = '/parent status 7'
const distances = [0, 1, 3, 8]
const forks: [string, number, string][] = [
  ['start', 0, 'status 7'],
  ['start, a child of it', 0, 'status 7'],
  ['start, and again', 0, 'status 7, status 7'],
  ['forked', 0, '/child'],
  ['after a fetch', 0, both],
  ...distances.flatMap((distance): [string, number, string][] => [
    ['microtasks', distance, 'status 7'],
    ['turns', distance, 'status 7'],
    ['beside a fetch, microtasks', distance, 'status 7 /parent'],
    ['beside a fetch, turns', distance, 'status 7 /parent'],
  ]),
]

describe('a program that forks early', () => {
  it.each(forks)('%s (%i)', { timeout: 40_000 }, async (place, distance, told) => {
    const args = [...servers.map(url), String(distance)]
    const { stdout, stderr, code } = await endOf('fork-early', place, { args, timeout: 30_000 })
    expect({ stdout, stderr, code }).toEqual({ stdout: told, stderr: '', code: 0 })
  })
})
