// The programs of test/core, each compiled once a sanitizer.
import { Workshop } from './compile.js'

export class CorePrograms {
  readonly #workshop = new Workshop()
  readonly #made = new Map<string, string>()
  readonly #name: string
  readonly #sources: string[]

  /** @param core what it tests, as in native/core */
  constructor(name: string, core: string[]) {
    this.#name = name
    this.#sources = [`test/core/${name}.cc`, ...core.map((file) => `native/core/${file}`)]
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
