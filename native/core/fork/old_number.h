// Threads of a child that go by the number that they had in the parent, and what the C library does by that number.
#ifndef POSIX_ASYNC_CORE_FORK_OLD_NUMBER_H_
#define POSIX_ASYNC_CORE_FORK_OLD_NUMBER_H_

#include "thread_table.h"

namespace posix_async::fork {

// Before a fork, on the main thread: redirects what tells when a thread may be given its new number, and what the C
// library does by the number meanwhile. Where that can't be done no thread begins by its old number: that a lock is
// never given back is the smaller evil.
void HookNumbers();

// In the child, before any thread is revived: these would begin by their old numbers.
void BeginByOldNumber(const ThreadList& threads);

bool BeginsByOldNumber(const Thread* thread);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_OLD_NUMBER_H_
