// What the built addon has of the C library's and the compiler's own defences.
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const addon = 'build/Release/posix_async.node'
const flags = ['-D_FORTIFY_SOURCE=2', '-fstack-protector-strong', '-z,relro,-z,now']

it.skipIf(!existsSync(addon))('calls of the C library that know the size of what they fill, and guarded stacks', () => {
  const names = readFileSync(addon, 'latin1')
  for (const name of ['__memmove_chk', '__snprintf_chk', '__fdelt_chk', '__stack_chk_fail'])
    expect(names).toContain(`\0${name}\0`)
})

it.each(['binding.gyp', 'CMakeLists.txt'])('%s asks for them', (build) => {
  const text = readFileSync(build, 'utf8')
  for (const flag of flags) expect(text).toContain(flag)
})
