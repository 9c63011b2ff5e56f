// What the addon is compiled of and how, read from binding.gyp; in the package that file is native/addon.gyp, so that npm does not compile by itself.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../failure.js'

interface Target {
  target_name: string
  sources: string[]
  include_dirs: string[]
  defines: string[]
  cflags: string[]
  cflags_cc: string[]
  ldflags: string[]
  libraries: string[]
}

/** How the addon is made: arguments for a C++ compiler that runs in `folder`. */
export interface Recipe {
  folder: string
  sources: readonly string[]
  compile: readonly string[]
  link: readonly string[]
}

export const packageFolder = fileURLToPath(new URL('../../../../', import.meta.url))

// What node-gyp adds for an addon.
const COMPILE = [
  '-fPIC',
  '-pthread',
  '-DNODE_GYP_MODULE_NAME=posix_async',
  '-DUSING_UV_SHARED=1',
  '-DUSING_V8_SHARED=1',
]
const DEFINES = ['-DBUILDING_NODE_EXTENSION', '-D_LARGEFILE_SOURCE', '-D_FILE_OFFSET_BITS=64']
const LINK = ['-shared', '-pthread']

// The package has the headers of node-addon-api with it; a clone has them in node_modules.
function addonApi(): string {
  const places = ['node_modules/node-addon-api', 'native/node-addon-api'].map((name) => join(packageFolder, name))
  const found = places.find((folder) => existsSync(join(folder, 'napi.h')))
  if (found === undefined)
    throw new Failure(`the headers of node-addon-api (napi.h) are neither in ${places.join(' nor in ')}`)
  return found
}

function readTarget(): Target {
  const places = ['binding.gyp', 'native/addon.gyp'].map((name) => join(packageFolder, name))
  const file = places.find((place) => existsSync(place))
  if (file === undefined) throw new Failure(`the package is not whole: there is neither ${places.join(' nor ')}`)
  return (JSON.parse(readFileSync(file, 'utf8')) as { targets: [Target] }).targets[0]
}

/** The recipe, with Node's headers from the folder `headers`. */
export function readRecipe(headers: string): Recipe {
  const target = readTarget()
  const own = target.include_dirs.map((folder) => (folder.startsWith('<') ? addonApi() : folder))
  const includes = [headers, ...own].map((folder) => `-I${folder}`)
  const defines = [...DEFINES, ...target.defines.map((name) => `-D${name}`)]
  return {
    folder: packageFolder,
    sources: target.sources,
    compile: [...COMPILE, ...defines, ...includes, ...target.cflags, ...target.cflags_cc],
    link: [...LINK, ...target.ldflags, ...target.libraries],
  }
}

const ADDON = 'posix_async'

/** Where the addon goes: the place that is looked into first when posix-async is imported. */
export const addonFile = join(packageFolder, 'build/Release', `${ADDON}.node`)

export const addonFolder = dirname(addonFile)
