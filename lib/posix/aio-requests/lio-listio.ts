// aio.h: lists of requests. Internal; aio.ts is its face. See: man 3 lio_listio
import { constants } from 'node:os'
import { ErrnoError, invalidArgValue } from '../../errors.js'
import { constant } from '../../native.js'
import { READ, WRITE } from './aio-request.js'
import { aio_suspend } from './aio-suspend.js'
import { asAiocbList, LIO_NOP, type Aiocb } from './aiocb.js'

export const LIO_NOWAIT = constant('LIO_NOWAIT')
export const LIO_READ = constant('LIO_READ')
export const LIO_WAIT = constant('LIO_WAIT')
export const LIO_WRITE = constant('LIO_WRITE')
const { EINPROGRESS, EIO } = constants.errno

function startAll(list: readonly (Aiocb | null)[]): Aiocb[] {
  const begun = asAiocbList(list).filter((aiocb) => aiocb !== null && aiocb.aio_lio_opcode !== LIO_NOP) as Aiocb[]
  for (const { aio_lio_opcode } of begun) {
    const isKnown = aio_lio_opcode === LIO_READ || aio_lio_opcode === LIO_WRITE
    if (!isKnown) throw invalidArgValue('aio_lio_opcode', 'must be LIO_READ, LIO_WRITE or LIO_NOP', aio_lio_opcode)
  }
  for (const aiocb of begun) aiocb.startListed(aiocb.aio_lio_opcode === LIO_READ ? READ : WRITE)
  return begun
}

/**
 * Begins a list of requests, each as its aio_lio_opcode says. One that fails does not stop the others: aio_error tells of each.
 *
 * @param mode LIO_WAIT: blocks the calling thread until all are over; LIO_NOWAIT: does not
 * @param list nulls are passed over
 * @param sigevent LIO_NOWAIT: called from the event loop when all are over
 * @throws ErrnoError EIO: LIO_WAIT, and at least one has failed; ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @see man 3 lio_listio
 */
export function lio_listio(mode: number, list: readonly (Aiocb | null)[], sigevent?: () => void): void {
  if (mode !== LIO_WAIT && mode !== LIO_NOWAIT) throw invalidArgValue('mode', 'must be LIO_WAIT or LIO_NOWAIT', mode)
  const begun = startAll(list)
  if (mode === LIO_NOWAIT) return void (sigevent && settled(begun).then(sigevent))
  for (const aiocb of begun) while (aiocb.look() === EINPROGRESS) aio_suspend([aiocb])
  if (begun.some(({ error }) => error !== 0)) throw new ErrnoError(EIO, 'lio_listio')
}

const settled = (list: readonly Aiocb[]): Promise<PromiseSettledResult<number>[]> =>
  Promise.allSettled(list.map((aiocb) => aiocb.completion()))

/**
 * Begins a list of requests as lio_listio does, and resolves when all are over.
 * @returns of each that is not LIO_NOP or null, in order, how it ended
 * @throws as a rejection, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @see man 3 lio_listio
 */
export async function lio_listioAsync(list: readonly (Aiocb | null)[]): Promise<PromiseSettledResult<number>[]> {
  return settled(startAll(list))
}
