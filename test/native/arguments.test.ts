// Every entry of the addon checks by itself that what it is given as memory has what it takes, whatever TypeScript has let through.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { runFixture } from '../support/run-fixture.js'

// That take as many bytes as there are, of whatever number.
const ANY = [
  'writeOut',
  'bind',
  'connect',
  'sendto',
  'setsockopt',
  'getsockopt',
  'inet_ntop',
  'readv',
  'writev',
  'preadv2',
  'pwritev2',
  'setgroups',
  'getgroups',
  'getrandom',
  'pthread_create',
  'costOfStructuredClone',
]
// That check it by what a wait, a ring or a request of their own has.
const OTHERS = [
  'epollWaitTake',
  'countHeapUse',
  'ioctl_memory',
  'ringRegister',
  'unshare',
  'addressOf',
  'ringProbe',
  'reactorWrite',
  'detach',
]

it('too little memory, a place beyond it, or none at all is refused', async () => {
  expect(await runFixture('native-memory', 'refused')).toEqual([])
})

it('no native that is given memory is left out', async () => {
  const types = readFileSync('lib/native.ts', 'utf8')
  const natives = [...types.matchAll(/^ {2}(\w+)\(([^)]*)\)/gm)]
  const given = natives.filter(([, , parameters]) => /Array\b|Array<|ByteView|memory/.test(parameters!))
  const names = await runFixture<string[]>('native-memory', 'names')
  const missing = given.map(([, name]) => name!).filter((name) => ![...names, ...ANY, ...OTHERS].includes(name))
  expect(given.length).toBeGreaterThan(40)
  expect(missing).toEqual([])
})

it('requests of ioctl that are not known are refused, whatever memory they are given', async () => {
  expect(new Set(await runFixture<number[]>('native-memory', 'requests'))).toEqual(new Set([-22]))
})

it('arguments of another kind are refused', async () => {
  const kinds = await runFixture<unknown[]>('native-memory', 'kinds')
  expect(kinds).toEqual(kinds.map(() => 'ERR_INVALID_ARG_TYPE'))
})
