// Requests of libuv's thread pool, found where the threads that work on them hold them: in registers and on the stack.
#ifndef POSIX_ASYNC_CORE_FORK_POOL_REQUEST_H_
#define POSIX_ASYNC_CORE_FORK_POOL_REQUEST_H_

#include <uv.h>

#include "thread_table.h"

namespace posix_async::fork {

// What a thread that stands still has in hand.
struct InHand {
  bool under_way = false;  // a request, in the middle of whose work it is
  bool is_slow = false;    // a look-up of a name, of which libuv lets no more than half its threads do one
};

// Before the clone: in the child there is to be somewhere to keep threads.
void PrepareDetention();

// Where the outermost of the program's functions that the thread is in goes on: behind the call that it made last, in
// the function that the thread began in. 0: not found.
uintptr_t OutermostReturn(const Thread& thread);

InHand FindInHand(const Thread& thread, const uv_loop_t* loop);

// In the child, before the thread is revived: what is under way for `loop` will have its result handed to another loop,
// in which the thread is kept for ever.
void Disown(const Thread& thread, const uv_loop_t* loop);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_POOL_REQUEST_H_
