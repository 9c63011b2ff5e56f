// Condition variables on which threads wait that do not live in the child.
#ifndef POSIX_ASYNC_CORE_FORK_CONDITIONS_H_
#define POSIX_ASYNC_CORE_FORK_CONDITIONS_H_

#include "thread_table.h"

namespace posix_async::fork {

// Once, before threads are parked.
void PrepareToLeaveConditions();

// In the child, before threads are revived: those that are not no longer count as waiting.
void LeaveConditions(const ThreadTable& table);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_CONDITIONS_H_
