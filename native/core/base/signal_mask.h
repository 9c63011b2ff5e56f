// Blocking signals in every thread of the process, which sigprocmask(2) leaves open where there is more than one.
#ifndef POSIX_ASYNC_CORE_BASE_SIGNAL_MASK_H_
#define POSIX_ASYNC_CORE_BASE_SIGNAL_MASK_H_

#include <csignal>
#include <cstdint>

namespace posix_async {

// The kernel's sets of signals: signal n is bit n - 1. The C library leaves out the two signals of its own.
sigset_t ToSigset(uint64_t mask);
uint64_t FromSigset(const sigset_t& set);

// A real-time signal that nothing handled up to now, which `handler` handles from now on, for good: answers may come
// late. 0 where there is none. The highest are left to others: fork parks threads with SIGRTMAX-2.
int ClaimSignal(void (*handler)(int, siginfo_t*, void*));

// Adds `mask` to the signals that each other thread blocks; threads to come inherit it from the one that makes them.
// Returns 0, or -EBUSY where a thread did not answer within a second. Callable on any thread.
int BlockInOtherThreads(uint64_t mask);

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_BASE_SIGNAL_MASK_H_
