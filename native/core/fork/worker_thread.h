// Threads of Node's Workers.
#ifndef POSIX_ASYNC_CORE_FORK_WORKER_THREAD_H_
#define POSIX_ASYNC_CORE_FORK_WORKER_THREAD_H_

namespace posix_async::fork {

// Before threads are parked.
void PrepareToRecogniseWorkers();

// Is the thread with this thread pointer a Worker's, in whatever stage of its life? It stands still meanwhile.
bool IsWorkerThread(const void* thread_pointer);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_WORKER_THREAD_H_
