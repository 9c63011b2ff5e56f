// System calls that change one thread only, made by other threads of this process as well.
#ifndef POSIX_ASYNC_CORE_FORK_THREAD_CALLS_H_
#define POSIX_ASYNC_CORE_FORK_THREAD_CALLS_H_

#include <sys/types.h>

#include <cstddef>

namespace posix_async::fork {

struct ThreadCall {
  long number;
  long arguments[5];
};

// Has each of these threads make the call, between two instructions of its own. Threads that have ended are passed
// over. 0; the negative errno of one that it failed on; -EBUSY where one does not answer within a second, for example
// because it blocks every signal. Callable on any thread but these.
int HaveThreadsCall(const pid_t* threads, size_t count, const ThreadCall& call);

// The same for every thread of the process but the calling one, and for the calling one last. The kernel's own helpers
// of io_uring, which run nothing of the process, are left out. Also -errno of reading /proc/self/task.
int CallOnEveryThread(const ThreadCall& call);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_THREAD_CALLS_H_
