// Modules of WebAssembly for the tests: one that takes V8 a while to compile, and one that does not.

interface Wasm {
  Module: new (bytes: Uint8Array) => object
  compile(bytes: Uint8Array): Promise<unknown>
  instantiate(bytes: object): Promise<unknown>
  compileStreaming(response: Response): Promise<unknown>
  instantiateStreaming(response: Response): Promise<unknown>
}
/** The part of WebAssembly that is asynchronous. */
export const wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly

const leb = (value: number): number[] => {
  const bytes = []
  do {
    const low = value & 127
    value >>>= 7
    bytes.push(value ? low | 128 : low)
  } while (value)
  return bytes
}

const section = (id: number, body: number[]): number[] => [id, ...leb(body.length), ...body]

// `count` functions of two integers, each some additions long.
function moduleOf(count: number): Uint8Array<ArrayBuffer> {
  const body = [0]
  for (let i = 0; i < 60; i++) body.push(32, 0, 32, 1, 106, 33, 0)
  body.push(32, 0, 11)
  const code: number[] = []
  for (let i = 0; i < count; i++) code.push(...leb(body.length), ...body)
  const functions = [...leb(count), ...new Array<number>(count).fill(0)]
  return new Uint8Array([
    ...[0, 97, 115, 109, 1, 0, 0, 0],
    ...section(1, [1, 96, 2, 127, 127, 1, 127]),
    ...section(3, functions),
    ...section(10, [...leb(count), ...code]),
  ])
}

let big: Uint8Array<ArrayBuffer> | undefined

export const bigModule = (): Uint8Array<ArrayBuffer> => (big ??= moduleOf(1000))
export const smallModule = (): Uint8Array<ArrayBuffer> => moduleOf(1)
