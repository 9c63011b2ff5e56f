// Workers of one kind, which may be copies of one template: the same project, environment and options. It learns from the first of them, which
// run in vitest's own `forks`, what their files depend on, and makes the template when that is known.
import type { PoolOptions } from 'vitest/node'
import { dependencyIn, type WorkerMessage } from './protocol.js'
import { Template, type TemplateChild, type TemplateOptions } from './template.js'

/** Which of vitest's requests a template is warmed with, and who hears its calls. */
export interface Warming {
  readonly requests: readonly WorkerMessage[]
  readonly rpc: (message: WorkerMessage) => void
}

export class Kind {
  readonly #options: TemplateOptions
  readonly #dependencies = new Set<string>()
  readonly #unfit = new Set<string>()
  readonly #loaded = new Set<string>()
  #template: Template | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** Whether a file has run to its end, so that something is known of them. */
  isKnown = false

  constructor(options: TemplateOptions) {
    this.#options = options
  }

  /** Hears what vitest answers a worker. */
  learn(message: WorkerMessage): void {
    const url = dependencyIn(message)
    if (url !== undefined) this.#dependencies.add(url)
  }

  /** The calls of a template that is being warmed are answered so. */
  answer(message: WorkerMessage): void {
    this.#template?.answer(message)
  }

  /** A child, of a template that has all dependencies which are known by now. @throws (rejects) why there is none */
  fork(poolId: number, warming: Warming): Promise<TemplateChild> {
    const child = this.#turn.then(async () => (await this.#ready(warming)).fork(poolId))
    this.#turn = child.catch(() => {})
    return child
  }

  async #ready(warming: Warming): Promise<Template> {
    for (;;) {
      const template = await this.#warmed(warming)
      const urls = [...this.#dependencies].filter((url) => !this.#loaded.has(url) && !this.#unfit.has(url))
      if (urls.length === 0) return template
      const unfit = await template.preload(urls)
      for (const url of urls) this.#loaded.add(url)
      for (const url of unfit) this.#unfit.add(url)
      if (unfit.length > 0) await this.close()
    }
  }

  async #warmed({ requests, rpc }: Warming): Promise<Template> {
    if (this.#template?.usable) return this.#template
    this.#loaded.clear()
    const template = (this.#template = new Template(this.#options))
    await template.warm(requests, rpc)
    return template
  }

  /** Ends the template; what is forked next has another. */
  async close(): Promise<void> {
    const template = this.#template
    this.#template = undefined
    await template?.close()
  }
}

/** What distinguishes workers that cannot be copies of one another. */
export const kindOf = ({ project, environment, execArgv, env }: PoolOptions): string =>
  JSON.stringify([project.name, project.hash, environment, execArgv, env])
