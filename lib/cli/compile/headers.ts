// Node's own headers, which an addon is compiled with: where a distribution, a package of the system or node-gyp puts them.
import { existsSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from '../failure.js'

function places(env: NodeJS.ProcessEnv): string[] {
  const prefixes = [process.execPath, realpathSync(process.execPath)].map((file) => join(dirname(file), '..'))
  const cache = env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const wished = env['npm_config_nodedir'] ? [env['npm_config_nodedir']] : []
  const nodeGyp = join(cache, 'node-gyp', process.versions.node)
  const folders = [...wished, ...prefixes, '/usr', nodeGyp].map((prefix) => join(prefix, 'include/node'))
  return [...new Set([...folders, '/usr/include/nodejs/src'])]
}

/** The folder that has node_api.h. */
export function nodeHeaders(env: NodeJS.ProcessEnv = process.env): string {
  const looked = places(env)
  const found = looked.find((folder) => existsSync(join(folder, 'node_api.h')))
  if (found !== undefined) return found
  throw new Failure(
    `Node's headers (node_api.h) are in none of ${looked.join(', ')}. "npx node-gyp install" fetches them; ` +
      'a Node.js from nodejs.org has them, and npm_config_nodedir names another place',
  )
}
