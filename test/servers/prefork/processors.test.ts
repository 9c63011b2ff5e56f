// How many processors a cgroup's quota is worth, from folders that look like those of the kernel.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { processors, quotaOf } from '../../../lib/servers/prefork/processors.js'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'posix-async-cgroup-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const has = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), `${text}\n`)
}

it('version 2: half a processor, whole ones, none', () => {
  has('app/cpu.max', '50000 100000')
  has('other/cpu.max', '300000 100000')
  has('free/cpu.max', 'max 100000')
  expect(['app', 'other', 'free', 'missing'].map((name) => quotaOf(`0::/${name}`, root))).toEqual([
    ...[0.5, 3, Infinity, Infinity],
  ])
})

it('version 2: the limit of a cgroup above holds for those below', () => {
  has('slice/cpu.max', '150000 100000')
  has('slice/app/cpu.max', '800000 100000')
  expect(quotaOf('0::/slice/app', root)).toBe(1.5)
})

it('version 2 in a container: the mount point has its limits, whatever folder of the host /proc names', () => {
  has('cpu.max', '200000 100000')
  expect([quotaOf('0::/', root), quotaOf('0::/../../elsewhere', root)]).toEqual([2, 2])
})

it('version 1: in the folder of the controller, named alone or with cpuacct', () => {
  has('cpu,cpuacct/docker/a/cpu.cfs_quota_us', '250000')
  has('cpu,cpuacct/docker/a/cpu.cfs_period_us', '100000')
  has('cpu/b/cpu.cfs_quota_us', '-1')
  has('cpu/b/cpu.cfs_period_us', '100000')
  const text = (path: string) => `12:memory:/x\n4:cpu,cpuacct:${path}\n1:name=systemd:/x\n`
  expect([quotaOf(text('/docker/a'), root), quotaOf(text('/b'), root)]).toEqual([2.5, Infinity])
})

it('no cgroups: no limit', () => {
  expect([quotaOf('', root), quotaOf('nonsense', root)]).toEqual([Infinity, Infinity])
})

it('is a whole number from 1 to what the affinity allows', () => {
  expect([Number.isInteger(processors()), processors() >= 1, processors() <= availableParallelism()]).toEqual([
    ...[true, true, true],
  ])
})
