// What a pool and its workers tell each other: a task by its number, and how it ended. Of a worker that was taken over nothing is believed.
import type { ForkedPort } from '../messages/forked-port.js'
import { notAReport } from '../not-a-report.js'
import { pack, unpack, type Packed } from '../packed-error.js'

/** A task on its way to a worker. */
export interface Order {
  readonly id: number
  readonly task: unknown
}

/** How it ended, on its way back. */
export type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly thrown: Packed }

export type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** In a worker: does what it is told, for as long as it is told anything. */
export function serveTasks(port: ForkedPort<Order, Reply>, fn: (task: never) => unknown): void {
  port.on('message', ({ id, task }: Order) => void answer(port, fn, id, task))
}

async function answer(
  port: ForkedPort<Order, Reply>,
  fn: (task: never) => unknown,
  id: number,
  task: unknown,
): Promise<void> {
  let value: unknown
  try {
    value = await fn(task as never)
  } catch (error) {
    return void port.send({ id, thrown: pack(error) })
  }
  try {
    port.send({ id, value })
  } catch (error) {
    port.send({ id, thrown: pack(error) }) // it cannot be cloned
  }
}

/** @throws ERR_POSIX_ASYNC_REPORT */
export function asReply(value: unknown): { id: number; outcome: Outcome } {
  if (typeof value !== 'object' || value === null) throw notAReport('no answer to a task')
  const { id, thrown } = value as Record<string, unknown>
  if (typeof id !== 'number') throw notAReport('an answer without the number of its task')
  if (thrown !== undefined) return { id, outcome: { error: unpack(thrown) } }
  return { id, outcome: { value: (value as Record<string, unknown>)['value'] } }
}
