// The programs of test/core, each compiled once a sanitizer.
import { basename } from 'node:path'
import { Workshop } from './compile.js'

export class CorePrograms {
  readonly #workshop = new Workshop()
  readonly #made = new Map<string, string>()
  readonly #name: string
  readonly #sources: string[]

  /** @param program its path below test/core, without .cc; core: what it tests, as in native/core */
  constructor(program: string, core: string[]) {
    this.#name = basename(program)
    this.#sources = [`test/core/${program}.cc`, ...core.map((file) => `native/core/${file}`)]
  }

  /** The path of the program; '' is without a sanitizer. */
  with(sanitizer: string): string {
    const flags = sanitizer === '' ? [] : [`-fsanitize=${sanitizer}`]
    const name = `${this.#name}_${sanitizer.replace(',', '_')}`
    if (!this.#made.has(name)) this.#made.set(name, this.#workshop.program(name, this.#sources, flags))
    return this.#made.get(name)!
  }

  [Symbol.dispose](): void {
    this.#workshop[Symbol.dispose]()
  }
}
