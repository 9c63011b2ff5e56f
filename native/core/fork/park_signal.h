// The signal that parks a thread: how the forking thread and the thread that is parked talk to each other.
#ifndef POSIX_ASYNC_CORE_FORK_PARK_SIGNAL_H_
#define POSIX_ASYNC_CORE_FORK_PARK_SIGNAL_H_

#include "thread_table.h"

namespace posix_async::fork {

// Once, before the first parking. False where the handler can't be installed.
bool InstallParkHandler();

// Nobody is counted as parked yet, and nobody awaited.
void StartCounting();

// Asks one thread to park. False: it is gone, or never takes the signal.
bool AskToPark(Thread* thread);

// Does it block the signal at this moment?
Blocking HowItBlocksPark(const Thread& thread);

// Waits until `expected` threads are parked, for some milliseconds at most. Whether they are.
bool AwaitCount(uint32_t expected);

// Lets all parked threads go on; those that were frozen too.
void ReleaseAll(const ThreadTable& table);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_PARK_SIGNAL_H_
