// The TypeScript samples of the documentation, as programs: checked by the compiler, and compiled into dist/samples.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { root } from './compile.js'

const folder = join(root, 'dist', 'samples')

export interface Sample {
  name: string
  /** The compiled program. */
  program: string
  /** It starts a server that goes on; its address is told on standard output, as JSON. */
  serves: boolean
}

// Ports are the kernel's to choose here, and who asked for one hears which.
function asProgram(text: string): { text: string; serves: boolean } {
  const serves = /^const server = /m.test(text)
  const free = text.replace(/port: \d+/, 'port: 0')
  return { text: serves ? `${free}\nconsole.log(JSON.stringify(server.address()))\n` : free, serves }
}

function extract(file: string): (Sample & { source: string })[] {
  const blocks = [...readFileSync(join(root, file), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)]
  return blocks.map(([, block], index) => {
    const name = `${basename(file, '.md').toLowerCase()}-${index + 1}`
    const source = join(folder, `${name}.ts`)
    const { text, serves } = asProgram(block!)
    writeFileSync(source, text)
    return { name, source, program: join(folder, `${name}.js`), serves }
  })
}

// What the compiler has to say, one line each, and the compiled programs.
function compile(sources: string[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const own = {
    incremental: false,
    declaration: false,
    sourceMap: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
  const program = ts.createProgram(sources, {
    ...options,
    ...own,
    rootDir: folder,
    outDir: folder,
    tsBuildInfoFile: undefined,
  })
  const emitted = program.emit()
  return [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics].map(({ file, messageText }) => {
    return `${basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

/** The samples of these files, and what the compiler complains about. */
export function samplesOf(files: readonly string[]): { samples: Sample[]; complaints: string[] } {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const samples = files.flatMap(extract)
  return { samples, complaints: compile(samples.map(({ source }) => source)) }
}
