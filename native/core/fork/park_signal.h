// The signal that parks a thread: how the forking thread and the thread that is parked talk to each other.
#ifndef POSIX_ASYNC_CORE_FORK_PARK_SIGNAL_H_
#define POSIX_ASYNC_CORE_FORK_PARK_SIGNAL_H_

#include "thread_table.h"

namespace posix_async::fork {

// Before each parking: another library may have taken the signal since the last one. 0 or a negative errno.
int InstallParkHandler();

// Nobody is counted as parked yet, and nobody awaited.
void StartCounting();

// Asks one thread to park. 0, or a negative errno: -ESRCH: it is gone; -EAGAIN: too many signals of this user's wait
// (RLIMIT_SIGPENDING); -EPERM, -ENOSYS: a filter of system calls refuses.
int AskToPark(Thread* thread);

// Does it block the signal at this moment? 0 or a negative errno.
int HowItBlocksPark(pid_t tid, Blocking* how);

// Waits until `expected` threads are parked, for some milliseconds at most. Whether they are.
bool AwaitCount(uint32_t expected);

// Lets all parked threads go on; those that were frozen too.
void ReleaseAll(const ThreadTable& table);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_PARK_SIGNAL_H_
