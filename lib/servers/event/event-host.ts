// An eventServer as its connections see it.
import type { ErrnoError } from '../../errors.js'
import type { Client } from '../model.js'
import type { DetachedSockets } from './detached-sockets.js'
import type { Link, Reactor } from './reactor.js'

/** The server as its connections see it. @internal */
export interface EventHost<L extends Link> {
  readonly reactor: Reactor<L>
  readonly handOver: DetachedSockets<L>
  opened(client: Client): void
  settled(): void
  clientError(error: Error, client: Client): void
  handlerFailed(error: Error, client: Client): void
  refused(error: ErrnoError): void
  dropped(number: number): void
}
