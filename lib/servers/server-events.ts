// What the listeners of a server are called with, for the compiler.
import { EventEmitter } from 'node:events'
import type { Client } from './model.js'

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each model has events of its own, and their listeners say what they take
type Argument = any

/** What the listeners of every server are called with. A model adds events of its own: 'fork', 'exit', 'online' ... */
export interface ServerEvents {
  listening: [nothing?: undefined]
  /** What is more depends on the model: the child of forkServer. */
  connection: [client: Client, ...more: Argument[]]
  /** One client's handler or connection failed; the server goes on. */
  clientError: [error: Error, client: Client]
  /** The server can accept no more, and closes. */
  error: [error: Error]
  close: [nothing?: undefined]
  /** A connection was closed unserved. */
  drop: [client: Client]
}

type Listener<Name> = (...args: Name extends keyof ServerEvents ? ServerEvents[Name] : Argument[]) => void

type Listening = 'addListener' | 'on' | 'once' | 'prependListener' | 'prependOnceListener' | 'off' | 'removeListener'

interface TypedEmitter extends Omit<EventEmitter, Listening> {
  addListener<Name extends string | symbol>(event: Name, listener: Listener<Name>): this
  on<Name extends string | symbol>(event: Name, listener: Listener<Name>): this
  once<Name extends string | symbol>(event: Name, listener: Listener<Name>): this
  prependListener<Name extends string | symbol>(event: Name, listener: Listener<Name>): this
  prependOnceListener<Name extends string | symbol>(event: Name, listener: Listener<Name>): this
  off<Name extends string | symbol>(event: Name, listener: Listener<Name>): this
  removeListener<Name extends string | symbol>(event: Name, listener: Listener<Name>): this
}

/** EventEmitter, with listeners that are typed. */
export const ServerEmitter = EventEmitter as unknown as new () => TypedEmitter
