// What no function expects: values of every kind, broken in every way, each with a name to tell it by. Made anew for each call.
import { runInNewContext } from 'node:vm'

/** What getters and traps throw: passed on, it is no fault of the function's. */
export const BOOM = Object.assign(new Error('a getter threw'), { code: 'BOOM' })

const boom = (): never => {
  throw BOOM
}
const traps = Object.fromEntries(
  ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'set'].map((name) => [name, boom]),
)

function detached(): Uint8Array {
  const bytes = new Uint8Array(16)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

type Resizable = new (size: number, options: { maxByteLength: number }) => ArrayBuffer & { resize(size: number): void }

/** A view that is out of the bounds of memory that became shorter. */
function shrunk(): Uint8Array {
  const buffer = new (ArrayBuffer as unknown as Resizable)(16, { maxByteLength: 32 })
  const bytes = new Uint8Array(buffer, 8, 8)
  buffer.resize?.(4)
  return bytes
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const KEYS = [
  ...['fd', 'events', 'data', 'path', 'family', 'address', 'port', 'value', 'interval', 'signal', 'timeout', 'length'],
  ...['type', 'whence', 'start', 'len', 'soft', 'hard', 'handler', 'flags', 'entries', 'handles', 'cpus', 'stackSize'],
]
const getters = (): object =>
  Object.defineProperties({}, Object.fromEntries(KEYS.map((key) => [key, { get: boom, enumerable: true }])))

const spoofed = (): Uint8Array =>
  Object.defineProperties(new Uint8Array(8), { length: { value: 2 ** 30 }, byteLength: { value: 2 ** 30 } })

const numbers = [
  -1,
  -0,
  0,
  1.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 31),
  -(2 ** 53),
]

/** Names and makers. */
export const hostile: readonly (readonly [string, () => unknown])[] = [
  ...numbers.map((number) => [Object.is(number, -0) ? '-0' : String(number), () => number] as const),
  ['undefined', () => undefined],
  ['null', () => null],
  ['true', () => true],
  ["''", () => ''],
  ["'x'", () => 'x'],
  ["'a\\0b'", () => 'a\0b'],
  ['a lone surrogate', () => '\ud800'],
  ['a long string', () => 'y'.repeat(70_000)],
  ['a symbol', () => Symbol('odd')],
  ['1n', () => 1n],
  ['-(2n ** 70n)', () => -(2n ** 70n)],
  ['{}', () => ({})],
  ['[]', () => []],
  ['[ , 1]', () => Object.assign(new Array<number>(2), { 1: 1 })],
  ['an array of everything', () => [null, -1, 'x', {}, Symbol('in a list')]],
  ['a huge array', () => new Array(2 ** 31)],
  ['a function', () => () => 0],
  ['a function that throws', () => boom],
  ['a proxy that throws', () => new Proxy({}, traps)],
  ['an array behind a proxy that throws', () => new Proxy([], traps)],
  ['a revoked proxy', revoked],
  ['getters that throw', getters],
  ['valueOf throws', () => ({ valueOf: boom, toString: boom, [Symbol.toPrimitive]: boom, [Symbol.iterator]: boom })],
  ['no prototype', () => Object.create(null) as object],
  ['detached bytes', detached],
  ['shrunk bytes', shrunk],
  ['bytes with other lengths', spoofed],
  ['no bytes', () => new Uint8Array(0)],
  ['bytes', () => Buffer.alloc(64)],
  ['odd bytes', () => new Uint8Array(new ArrayBuffer(32), 1, 9)],
  ['numbers of 64 bits', () => new BigInt64Array(4)],
  ['a DataView', () => new DataView(new ArrayBuffer(8))],
  ['an ArrayBuffer', () => new ArrayBuffer(16)],
  ['shared memory', () => new Uint8Array(new SharedArrayBuffer(16))],
  ['bytes of another realm', () => runInNewContext('new Uint8Array(16)') as unknown],
  ['an ArrayBuffer of another realm', () => runInNewContext('new ArrayBuffer(16)') as unknown],
  ['an object of another realm', () => runInNewContext('({ fd: -1, events: 1 })') as unknown],
  ['a promise', () => Promise.resolve(1)],
  ['a date that is none', () => new Date(NaN)],
  ['an aborted signal', () => ({ signal: AbortSignal.abort() })],
  ['a signal that is none', () => ({ signal: 5 })],
  ['a time limit', () => ({ timeout: 1 })],
  ['an endless time limit', () => ({ timeout: -1, signal: null })],
  ['an address', () => ({ family: 2, address: '127.0.0.1', port: 9 })],
  ['an address of IPv6', () => ({ family: 10, address: '::1', port: 65_536 })],
  ['a Unix address', () => ({ family: 1, path: Buffer.from([0, 255]) })],
  ['a setting', () => ({ value: 0, interval: 2 ** 53 })],
  ['a limit', () => ({ soft: 2, hard: 1 })],
  [
    'a poll list',
    () => [
      { fd: -1, events: 1 },
      { fd: 1023, events: 0xffff },
    ],
  ],
  ['a message', () => ({ data: ['a', new Uint8Array(3)], fds: [], credentials: null })],
]
