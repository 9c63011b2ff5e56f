// posix-async/vitest: a pool for vitest 4 that has each file in a process of its own, forked from one that has loaded what the files need.
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, Vitest } from 'vitest/node'
import { ForkPoolWorker, LearningWorker } from './fork-pool-worker.js'
import { Kind, kindOf } from './kind.js'

// vitest's own, of the same vitest that reads the configuration.
const { ForksPoolWorker } = await import('vitest/node')

interface Pool {
  readonly kinds: Map<string, Kind>
  hasNoticed: boolean
}

const pools = new WeakMap<Vitest, Pool>()

function poolOf(vitest: Vitest): Pool {
  const there = pools.get(vitest)
  if (there) return there
  const pool: Pool = { kinds: new Map(), hasNoticed: false }
  pools.set(vitest, pool)
  vitest.onClose(async () => void (await Promise.all([...pool.kinds.values()].map((kind) => kind.close()))))
  return pool
}

function kindIn(pool: Pool, options: PoolOptions): Kind {
  const name = kindOf(options)
  const { logger } = options.project.vitest
  const kind =
    pool.kinds.get(name) ??
    new Kind({
      ...{ distPath: options.distPath, execArgv: options.execArgv, env: options.env as NodeJS.ProcessEnv },
      ...{ stdout: logger.outputStream as never, stderr: logger.errorStream as never },
    })
  pool.kinds.set(name, kind)
  return kind
}

function notice(vitest: Vitest, pool: Pool, why: unknown): void {
  if (pool.hasNoticed) return
  pool.hasNoticed = true
  const reason = why instanceof Error ? why.message : String(why)
  vitest.logger.warn(`posix-async: the files run in vitest's own forks: ${reason}`)
}

// A debugger attaches to one process, and a profile of coverage is that of one process, and not of copies of it.
const isWatched = ({ execArgv, project }: PoolOptions): boolean =>
  project.vitest.config.coverage.enabled || execArgv.some((argument) => argument.startsWith('--inspect'))

function createPoolWorker(options: PoolOptions): PoolWorker {
  const { vitest } = options.project
  const pool = poolOf(vitest)
  if (pool.hasNoticed || isWatched(options)) return new ForksPoolWorker(options)
  const kind = kindIn(pool, options)
  const parts = { options, kind, Forks: ForksPoolWorker, notice: (why: unknown) => notice(vitest, pool, why) }
  return kind.isKnown ? new ForkPoolWorker(parts) : new LearningWorker(parts)
}

/**
 * A pool for vitest 4: `defineConfig({ test: { pool: forkPool() } })`. Each file runs in a process of its own, as with `forks`, but that is a
 * copy of a template: a process that has vitest's worker, the environment (jsdom, say) and the dependencies in node_modules of the files that have run, so
 * that none of these is loaded anew for each file. Files of the project itself are. Those that run before there is a template, all where fork is not to
 * be had (a notice says why), and all with a debugger or with coverage, run in vitest's own `forks`.
 *
 * @see man 2 fork
 */
export function forkPool(): PoolRunnerInitializer {
  return { name: 'fork', createPoolWorker }
}
