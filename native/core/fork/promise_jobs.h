// Promise jobs that the parent had queued: they are not the child's.
#ifndef POSIX_ASYNC_CORE_FORK_PROMISE_JOBS_H_
#define POSIX_ASYNC_CORE_FORK_PROMISE_JOBS_H_

#include <functional>

namespace posix_async::fork {

// In the parent, on a thread that has entered its isolate: finds where V8 counts the queued jobs, by what changes when
// `queue_one()` queues some. None of these runs. False where it was not found.
bool FindPromiseJobs(const std::function<void()>& queue_one);

// In the child: what is queued does not run, also in the middle of a queue that is being run; what is queued from now
// on does.
void DropPromiseJobs();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_PROMISE_JOBS_H_
