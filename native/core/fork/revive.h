// Reviving, in the child: each parked thread gets a new kernel task and goes on where it stood.
#ifndef POSIX_ASYNC_CORE_FORK_REVIVE_H_
#define POSIX_ASYNC_CORE_FORK_REVIVE_H_

#include <cstddef>

#include "thread_table.h"

namespace posix_async::fork {

constexpr size_t kTrampolineSize = 16384;

// Whether every thread that would be revived only waits to be woken: then reviving can wait for the first wake-up.
bool MayReviveLater(const ThreadTable& table);

// First of all: settles which threads keep their old number for a while.
void LeaveOldNumbers(const ThreadTable& table);

// Revives the threads whose fate it is and marks the others as ended, so that a join of them returns at once. No
// allocation before every thread that may hold a lock runs again. Returns 0 or a negative errno.
int Revive(ThreadTable* table);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_REVIVE_H_
