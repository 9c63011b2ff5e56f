// What packages renew in a child: functions that run in each, and a diagnostics channel for those who know this library by name only.
import { channel } from 'node:diagnostics_channel'
import { invalidArgType } from '../../errors.js'

type Renewal = () => void

const renewals = new Set<{ readonly renew: Renewal }>()
const forked = channel('posix-async:fork')

/**
 * Has `renew` called in each child of this process, and in their children: of fork(), forked(), checkpoint(), the servers. It runs first of all, when
 * the runtime is the child's own (its timers, sockets and random numbers work), in order of registration, synchronously. What it throws ends
 * the child with code 1 and a message on standard error: a child that could not renew what must not be its parent's runs nothing more.
 *
 * For what a child must not have of its parent: identities that were made from a random number or the process's id, counters behind them, connections
 * that no write finds dead. A package that does not depend on this library subscribes to the diagnostics channel `posix-async:fork`, whose
 * messages come at the same time, `{ pid, ppid }`.
 *
 * @param renew runs in children only
 * @returns removes it, in this process and in the children that it forks from then on
 * @throws ERR_INVALID_ARG_TYPE
 * @see man 3 pthread_atfork
 */
export function onFork(renew: Renewal): () => void {
  if (typeof renew !== 'function') throw invalidArgType('renew', 'of type function', renew)
  const entry = { renew }
  renewals.add(entry)
  return () => void renewals.delete(entry)
}

/** In the child. A rehearsal calls nothing. */
export function tellOfFork(rehearsal = false): void {
  if (rehearsal) return
  for (const { renew } of [...renewals]) renew()
  if (forked.hasSubscribers) forked.publish({ pid: process.pid, ppid: process.ppid })
}
