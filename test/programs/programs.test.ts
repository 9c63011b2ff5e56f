// Applications as people write them, served as they are by every model: test/fixtures/programs.ts and the applications beside this file.
import { describe, expect, it } from 'vitest'
import { endOf } from '../support/run-fixture.js'

/** What came back, how many lines were logged, and what was said on standard error. */
async function run(name: string, model: string) {
  const { stdout, stderr, left, code } = await endOf('programs', `${name} ${model}`, { timeout: 60_000 })
  const lines = stdout.split('\n')
  const logged = lines.filter((line) => line.includes('"msg":"counted"')).length
  const report = lines.find((line) => line.startsWith('{"result":')) ?? '{}' // a log may come after it
  return { ...(JSON.parse(report) as { result?: object }).result, logged, stderr, left, code }
}

const quiet = { stderr: '', left: [], code: 0 }

describe.each(['express', 'koa', 'fastify'])('%s', (name) => {
  it('on workers lives through a reload, a refork and a crash, and nothing is lost or done twice', async () => {
    const asked = 200
    const all = { asked, counted: asked, differentCounts: asked, differentIds: asked, logged: asked }
    const { inProcesses, ...others } = (await run(name, 'workers')) as Record<string, unknown>
    expect(others).toEqual({ ...all, isRefreshed: true, ...quiet })
    expect(inProcesses).toBeGreaterThan(4)
  })
})

describe('express', () => {
  const all = { asked: 40, counted: 40, differentCounts: 40, differentIds: 40, isRefreshed: true, ...quiet }

  // Before connections are served one request is answered by the master itself.
  it.each([
    ['connections', 40, 41],
    ['sync', 1, 40],
    ['threads', 1, 40],
    ['events', 1, 40],
  ])('on %s', async (model, inProcesses, logged) => {
    expect(await run('express', model)).toEqual({ ...all, inProcesses, logged })
  })
})

describe('a consumer of a queue', () => {
  it.each([
    ['here', 1],
    ['children', 20],
  ])('that does its jobs %s does each once', async (where, inProcesses) => {
    expect(await run('queue', where)).toEqual({ asked: 20, counted: 20, each: true, logged: 20, inProcesses, ...quiet })
  })
})
