// Parking: every other thread of the process stands still, at a known place, while the process is copied.
#ifndef POSIX_ASYNC_CORE_FORK_PARK_H_
#define POSIX_ASYNC_CORE_FORK_PARK_H_

#include "thread_table.h"

namespace posix_async::fork {

// Why parking failed: nothing is parked then.
struct ParkResult {
  int error = 0;          // 0, or a negative errno
  char reason[192] = "";  // where the errno does not say enough: which thread did not take the signal in time
};

// Before the `prepare` handlers of pthread_atfork, by which an allocator takes its locks: this one allocates.
void PrepareToPark();

// Stops all other threads, or none. Called with all signals blocked. Waits for each thread as long as
// Patience lasts. After it returned
// without an error and until Release, nothing may be allocated: a parked thread may hold the allocator's lock.
// `may_leave`: threads may be left alone, see undisturbed.h.
ParkResult Park(ThreadTable* table, bool may_leave);

// Whether the threads can be known at all, with the same reasons.
ParkResult ListThreads(ThreadTable* table);

// In the parent: lets the parked threads go on.
void Release(ThreadTable* table);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_PARK_H_
