// The inspector's protocol on this very thread, synchronous: a reply comes before `post` returns. Internal.
import { createRequire } from 'node:module'
import type inspector from 'node:inspector'
import { realGlobal } from './main-realm.js'

// The expressions below are evaluated in Node's own realm.
const slot = realGlobal as unknown as { __posixAsync?: unknown }

/** Throws where Node is built without the inspector. */
export class InspectorSession {
  readonly #session: inspector.Session

  constructor() {
    const { Session } = createRequire(import.meta.url)('node:inspector') as typeof inspector
    this.#session = new Session()
    this.#session.connect()
  }

  // Replies have types of their own for each method.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  post(method: string, params: object = {}): any {
    let reply: unknown
    this.#session.post(method, params, (error, result) => {
      if (error) throw error
      reply = result
    })
    return reply
  }

  /** What the protocol knows a value by. */
  idOf(value: unknown): string {
    slot.__posixAsync = value
    const { objectId } = this.post('Runtime.evaluate', { expression: 'globalThis.__posixAsync' }).result
    delete slot.__posixAsync
    return objectId
  }

  /** The value that the protocol knows by this. */
  take(objectId: string): unknown {
    this.post('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration: 'function () { globalThis.__posixAsync = this }',
    })
    const taken = slot.__posixAsync
    delete slot.__posixAsync
    return taken
  }

  /** `result` and `internalProperties`. */
  properties(objectId: string): { result: Property[]; internalProperties: Property[] } {
    return this.post('Runtime.getProperties', { objectId, ownProperties: true })
  }

  /** All objects on the heap with this prototype, and with one that has it. Collects garbage first. */
  instancesOf(prototype: object): unknown[] {
    const { objects } = this.post('Runtime.queryObjects', { prototypeObjectId: this.idOf(prototype) })
    return this.take(objects.objectId) as unknown[]
  }

  close(): void {
    this.#session.disconnect()
  }
}

export interface Property {
  name: string
  value?: { objectId?: string; value?: unknown; description?: string }
}

/** Calls `use` with a session that is closed again. */
export function inspect<T>(use: (session: InspectorSession) => T): T {
  const session = new InspectorSession()
  try {
    return use(session)
  } finally {
    session.close()
  }
}
