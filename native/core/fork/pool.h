// libuv's thread pool: what it was doing for the parent is not the child's.
#ifndef POSIX_ASYNC_CORE_FORK_POOL_H_
#define POSIX_ASYNC_CORE_FORK_POOL_H_

#include <uv.h>

#include "thread_table.h"

namespace posix_async::fork {

// Whether a thread that stands still is one of the pool's, as far as is known: none is before one was seen at rest or
// at work.
bool IsOfPool(const Thread& thread);

// With every thread stopped, before the clone: which threads wait for work of the pool. They do not live on in the
// child, which gets a pool of its own (libuv's fork handlers see to that).
void RetireIdlePoolThreads(ThreadTable* table, const uv_loop_t* loop);

// In the child, before threads are revived: work under way for the parent calls nobody back, what was done and not yet
// told is dropped, and no request of the parent's keeps the loop alive. Needs no lock.
void DisownPoolWork(ThreadTable* table, uv_loop_t* loop);

// In the child, whose loop is its own already: where threads were looking names up for the parent, the child's pool has
// threads in their place.
void MakeRoomForLookups(uv_loop_t* loop);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_POOL_H_
