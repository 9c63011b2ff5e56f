// Connections of the parent's, in a child: their descriptors were replaced natively (native/core/fork/silence.cc), so that nothing comes from them and
// a write fails with EPIPE. Here the streams over them learn of it that would otherwise keep what is written to themselves, and pools let go of them.
import type { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { ErrnoError } from '../../errors.js'
import { native } from '../../native.js'
import { isOfClient, resetConnection } from './reset-connections.js'
import { leaveDispatchers, leaveFetch } from './parent-dispatchers.js'

type Handles = { _getActiveHandles?: () => unknown[] }

/** The streams of the event loop that are the parent's, as JavaScript has them. Right after the fork. */
function streamsOfParent(): Socket[] {
  native.refStreams(true) // Node lists what keeps a loop alive, and nothing of the parent's does that any more
  try {
    return ((process as Handles)._getActiveHandles?.() ?? []).filter(isSocket)
  } finally {
    native.refStreams(false)
  }
}

const isSocket = (handle: unknown): handle is Socket =>
  typeof (handle as Partial<Socket>).destroySoon === 'function' &&
  typeof (handle as Partial<Socket>).write === 'function'

interface Unready {
  connecting?: boolean
  /** Of TLS, from the connection to the end of the handshake. */
  secureConnecting?: boolean
  _writableState?: { writing?: boolean }
}

// Such a stream keeps what is written to it until something has ended that goes on in the parent only.
const isWaiting = ({ connecting, secureConnecting, _writableState: state }: Unready): boolean =>
  connecting === true || secureConnecting === true || state?.writing === true

type Done = (error: Error) => void

// As the handle's own failure: the callback is told, then 'error' and 'close' are emitted.
function failWrites(socket: Socket): void {
  const fail = (args: unknown[]): void => {
    const error = new ErrnoError(constants.errno.EPIPE, 'write')
    const done = args.find((arg): arg is Done => typeof arg === 'function')
    if (done) process.nextTick(done, error)
    socket.destroy(error)
  }
  Object.assign(socket, {
    write: (...args: unknown[]) => (fail(args), false),
    end: (...args: unknown[]) => (args.length > 0 ? fail(args) : socket.destroy(), socket),
  })
}

// Listeners that stay are Node's own.
const inputEvents = ['data', 'readable', 'end', 'close', 'error', 'keypress']
const own = new Set(['onReadableStreamEnd', 'onpause'])

// The parent listens to it; a child that listens, too, begins anew.
function leaveInput(input: Socket): void {
  for (const event of inputEvents)
    for (const listener of input.listeners(event))
      if (!own.has(listener.name)) input.removeListener(event, listener as () => void)
  const { _handle: handle } = input as unknown as { _handle: { reading?: boolean } | null }
  if (handle) handle.reading = false
  const { _readableState: state } = input as unknown as { _readableState: Record<string, unknown> }
  Object.assign(state, { reading: false, flowing: null })
}

const isInput = (socket: Socket): boolean =>
  (socket as unknown as { _handle?: { fd?: number } })._handle?.fd === 0 || (socket as { fd?: number }).fd === 0

interface Pool extends Omit<Agent, 'sockets' | 'freeSockets' | 'requests'> {
  sockets: NodeJS.Dict<Socket[]>
  freeSockets: NodeJS.Dict<Socket[]>
  requests: NodeJS.Dict<unknown[]>
  totalSocketCount: number
  addRequest(...args: unknown[]): unknown
}

const nobody = <T>(): NodeJS.Dict<T> => Object.create(null) as NodeJS.Dict<T>

// What it has are connections of the parent's, and requests of its that wait for one.
function emptyPool(pool: Pool): void {
  const sockets = [pool.sockets, pool.freeSockets].flatMap((kept) => Object.values(kept).flatMap((some) => some ?? []))
  pool.requests = nobody()
  for (const socket of sockets) socket.emit('agentRemove') // its listeners of the pool go
  Object.assign(pool, { sockets: nobody(), freeSockets: nobody(), totalSocketCount: 0 })
}

// Agents are not to be found: each is emptied when this process first uses it.
let emptied: WeakSet<Pool> | undefined

function emptyPoolsWhenUsed(): void {
  const isUsed = emptied !== undefined
  emptied = new WeakSet()
  const http = process.getBuiltinModule('node:http') as unknown as { Agent: { prototype: Pool } }
  if (isUsed) return
  const { addRequest } = http.Agent.prototype
  http.Agent.prototype.addRequest = function (this: Pool, ...args) {
    if (!emptied!.has(this)) emptyPool(this)
    emptied!.add(this)
    return Reflect.apply(addRequest, this, args)
  }
}

const usesHttp = (): boolean =>
  (process as unknown as { moduleLoadList: string[] }).moduleLoadList.includes('NativeModule _http_agent')

// A child has no channel to its parent's parent: programs look whether they have one.
function leaveChannel(): void {
  if (!process.channel) return
  for (const name of ['send', 'disconnect']) Reflect.deleteProperty(process, name)
  process.connected = false
}

function leave(socket: Socket, madeBefore: number): void {
  if (isInput(socket)) leaveInput(socket)
  else if (isOfClient(socket, madeBefore)) resetConnection(socket)
  else if (isWaiting(socket as Unready)) failWrites(socket)
  if (madeBefore > 0) socket.setTimeout(0) // the timers of a program that goes on here would end it
}

/**
 * In a child. `madeBefore`: it goes on with the program, whose clients are to connect anew, as after a restart of what they were connected to, where
 * their connections have a smaller number.
 */
export function forgetConnections(madeBefore = 0): void {
  if (native.silencedStreams() === 0) return
  leaveChannel()
  const sockets = streamsOfParent()
  leaveFetch()
  const others = leaveDispatchers(sockets)
  for (const socket of others) leave(socket, madeBefore)
  if (usesHttp()) emptyPoolsWhenUsed()
}
