// How the command tells what there is, and what was wrong: exit code 2 for usage, always with a line that says why.
import { describe, expect, it } from 'vitest'
import { bytes, duration, positiveDuration, whole } from '../../lib/cli/arguments.js'
import { command } from '../support/command.js'

it('tells its version', async () => {
  expect(await command(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

it('helps, naming every verb', async () => {
  const { code, stdout } = await command(['--help'])
  expect(code).toBe(0)
  for (const verb of ['serve', 'request', 'compare', 'load', 'doctor'])
    expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'))
})

it.each(['serve', 'request', 'compare', 'load', 'doctor'])(
  'helps with %s in words, defaults included',
  async (verb) => {
    const { code, stdout } = await command([verb, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^Usage: posix-async ${verb} `))
    expect(stdout).not.toMatch(/[{}]|000\)/) // neither objects nor bare milliseconds
  },
)

it.each([
  [['sing'], "error: unknown command 'sing'"],
  [['request', '127.0.0.1'], "error: missing required argument 'port'"],
  [['request', '127.0.0.1', 'http', '5'], 'It must be a whole number from 1 to 65535.'],
  [['request', '127.0.0.1', '0', '5'], 'It must be a whole number from 1 to 65535.'],
  [['request', '127.0.0.1', '80', '5', '6'], "error: too many arguments for 'request'"],
  [['compare', '--only', 'nobody'], 'no contestant "nobody"; there are c-iterative'],
  [['compare', '-d', 'soon'], 'It must be a duration such as 500ms, 30s or 2m.'],
  [['compare', '-d', '0'], 'It must be longer than 0.'],
  [['compare', '--loud'], "error: unknown option '--loud'"],
  [['load', '127.0.0.1', '80', '--mode', 'shout'], 'Allowed choices are request, echo, idle, upload, churn.'],
  [['load', '127.0.0.1', '80', '-s', 'big'], 'It must be a size such as 64, 16k or 100M.'],
  [['compare', '--only', 'constructor'], 'no contestant "constructor"; there are c-iterative'],
  [['compare', '--workloads', 'toString'], 'no workload "toString"'],
  [['doctor', 'please'], "error: too many arguments for 'doctor'"],
])('refuses %j as wrong usage', async (args, why) => {
  const { code, stdout, stderr } = await command(args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(why)
})

it.each(['constructor', '__proto__', 'toString'])('a handler named %s is none', async (name) => {
  const { code, stdout, stderr } = await command(['serve', '--handler', name])
  expect([code, stdout]).toEqual([4, ''])
  expect(stderr).toContain(`no handler "${name}": it is one of fibonacci, echo`)
})

describe('durations, sizes and numbers', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['0.2', 200],
    ['7', 7000],
    ['0', 0],
  ])('%s is %i milliseconds', (text, milliseconds) => expect(duration(text)).toBe(milliseconds))

  it.each(['', 's', '-1s', '1 s', '1d', '0x10', 'Infinity', '1e3'])('"%s" is no duration', (text) => {
    expect(() => duration(text)).toThrow('It must be a duration')
  })

  it('nothing is no positive duration', () => expect(() => positiveDuration('0ms')).toThrow('longer than 0'))

  it.each([
    ['64', 64],
    ['16k', 16_384],
    ['16K', 16_384],
    ['100M', 104_857_600],
    ['1G', 1_073_741_824],
  ])('%s is %i bytes', (text, size) => expect(bytes(text)).toBe(size))

  it.each(['', '-1', '1.5', '99', '0x1', ' 5'])('"%s" is no whole number from 0 to 9', (text) => {
    expect(() => whole(0, 9)(text)).toThrow('It must be a whole number from 0 to 9.')
  })
})
