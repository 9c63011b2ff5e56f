// Promises of the parent's that V8 itself settles, with no job queued and nothing on the event loop: in a child nobody
// hears of it.
#ifndef POSIX_ASYNC_CORE_FORK_PROMISES_H_
#define POSIX_ASYNC_CORE_FORK_PROMISES_H_

#include "contexts.h"

namespace posix_async::fork {

// In the parent: learns what promises look like from one that is pending, one that is fulfilled with 7, and one that
// Atomics.waitAsync has given. False where they look otherwise than expected; then the functions below do nothing.
bool FindPromises(HandleSlot pending, HandleSlot fulfilled, HandleSlot waiting);

// In the child: a promise that is pending stays so for those that wait for it.
void SilencePromise(HandleSlot promise);

// The promise, which is pending, becomes what `outcome` becomes, another promise. Does nothing where Node's build of V8
// has other names.
void SettlePromise(HandleSlot promise, HandleSlot outcome);

// In the parent, when the library is loaded: V8 settles promises of WebAssembly as soon as it has a result. V8 11
// (Node.js 20) posts a task for that, which would settle promises of the parent's in a child.
void SettleWasmPromisesAtOnce();

// As SilencePromise, for all that Atomics.waitAsync has given, in every context.
void SilenceAsyncWaits();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_PROMISES_H_
