// Imports of the parent's that are under way: what they wait for never comes in a child, which loads the modules itself when it imports them.
import type { Internals, ModuleJob } from './node-internals.js'

// Node's number for a module that is linked with all that it imports: nothing of it is to be waited for then.
const LINKED = 2

/** For the rehearsal. */
export const linkedJob: ModuleJob = { module: { getStatus: () => LINKED } }

function isUnderWay(job: ModuleJob | (() => unknown) | undefined): boolean {
  if (typeof job !== 'object') return false
  const { module } = job
  return typeof module?.getStatus !== 'function' || module.getStatus() < LINKED
}

/** In the child. */
export function forgetImports({ cascadedLoader }: Internals): void {
  if (!cascadedLoader) return
  for (const jobs of cascadedLoader.loadCache.values()) {
    for (const type in jobs) if (isUnderWay(jobs[type])) delete jobs[type]
  }
}
