// A prefork worker, seen from inside: it accepts from the listener that all workers share, until it is told to end or has done its
// share.
import { dieWithParent } from '../../fork/die-with-parent.js'
import { keepInChild } from '../../fork/only-here.js'
import { leave } from '../../posix/after-fork/repair-runtime.js'
import { signal, SIG_IGN } from '../../posix/signal.js'
import type { Accepted } from '../../posix/sys-socket.js'
import { AcceptLoop } from '../serving/accept-loop.js'
import { clientOf } from '../model.js'
import { serveHttp } from '../serving/http-connections.js'
import { introduce } from './introduction.js'
import { moldProcess } from './mold-process.js'
import { guard } from '../serving/child-reports.js'
import { Told } from '../serving/scoreboard.js'
import type { WorkerContext } from './worker-context.js'
import { WorkerQuota } from './worker-quota.js'

/** Exit code of a worker that could not begin to serve. */
export const BOOT_FAILED = 3

// Gets ready, or tells why it can't.
async function boot(setup: WorkerContext, ofMold: boolean): Promise<void> {
  const { parent, info, host, reports, settings, control, cells, entry } = setup
  dieWithParent(parent)
  cells.keepOnly(entry)
  keepInChild(host.listener.fd, control)
  entry.hold()
  if (ofMold) introduce(control)
  ignoreSignals()
  process.title = `posix-async (gen:${info.generation}) worker[${info.id}]`
  try {
    await settings.hooks.afterWorkerFork?.(info)
    settings.identity.apply()
    dieWithParent(parent)
    await settings.hooks.afterWorkerReady?.(info)
  } catch (error) {
    reports.notStarted(error)
    leave(BOOT_FAILED)
  }
  process.title = `posix-async (gen:${info.generation}) worker[${info.id}] ready`
  reports.reached('ready')
}

async function serveOneByOne(setup: WorkerContext, share: WorkerQuota): Promise<void> {
  const { host, entry, control, tally } = setup
  const stop = { fd: control, asked: () => entry.life.get('told') !== Told.serve }
  const loop = new AcceptLoop(host.listener, stop, tally, true, undefined, setup.waitersEventFd)
  for (let accepted = loop.next(); accepted; accepted = loop.next()) {
    await serveOne(setup, share, accepted)
    if (share.isDone()) break
  }
  loop.close()
}

// A synchronous handler costs no turn of the event loop.
function serveOne(setup: WorkerContext, share: WorkerQuota, accepted: Accepted): void | Promise<void> {
  const { host, server, tally } = setup
  if (share.isFull()) return share.refuse(accepted)
  const { fd, address } = accepted
  const client = clientOf(accepted)
  const disconnected = share.connected(client)
  const done = share.begin()
  const serving = guard(
    () => server.serve(fd, address, { idleTimeout: host.idleTimeout, tally }),
    (error) => share.failed(client, error),
  )
  if (serving) return serving.then(disconnected).then(done)
  disconnected()
  return done()
}

// Of a terminal they go to the whole process group, and of a service manager to all of its processes: the master hears them, and
// ends its workers in good order.
function ignoreSignals(): void {
  for (const name of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const) signal(name, SIG_IGN)
}

/** The whole life of a worker. @param ofMold whether a mold has forked it, so that its master does not know it yet */
export async function workerProcess(setup: WorkerContext, ofMold = false): Promise<void> {
  await boot(setup, ofMold)
  const share = new WorkerQuota(setup)
  const { entry, handler, info, settings } = setup
  if (handler.kind === 'http') await serveHttp(setup, share, handler.application)
  else await serveOneByOne(setup, share)
  if (entry.life.get('told') === Told.mold) await moldProcess(setup, (worker) => workerProcess(worker, true))
  await settings.hooks.beforeWorkerExit?.(info)
}
