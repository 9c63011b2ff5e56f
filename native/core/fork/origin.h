// What a thread was made for.
#ifndef POSIX_ASYNC_CORE_FORK_ORIGIN_H_
#define POSIX_ASYNC_CORE_FORK_ORIGIN_H_

#include <cstdint>

namespace posix_async::fork {

struct Origin {
  bool is_worker = false;       // of node:worker_threads
  uintptr_t start_routine = 0;  // the program's function that it began in; 0: not known
};

// Before threads are parked.
void PrepareToRecognise();

// Of the thread with this thread pointer, which stands still meanwhile, in whatever stage of its life it is.
Origin OriginOf(const void* thread_pointer);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_ORIGIN_H_
