// What the event loop has taken up in this turn and not handed out yet when a callback forks.
#ifndef POSIX_ASYNC_CORE_FORK_LOOP_PHASE_H_
#define POSIX_ASYNC_CORE_FORK_LOOP_PHASE_H_

#include <uv.h>

namespace posix_async::fork {

// Once, long before a fork, on the loop's thread: from now on results of the thread pool wait to be handed out where
// DropResults finds them.
void KeepResultsInReach(uv_loop_t* loop);

// In every child: results of the parent's that were still to be handed out.
void DropResults();

// In the child, before SilenceHandles and uv_loop_fork: messages, requests and closings of the parent's call
// nothing back.
void DropPhase(uv_loop_t* loop);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_LOOP_PHASE_H_
