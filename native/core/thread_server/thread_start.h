// Starts the threads of this library: detached, with signals left to the threads of the runtime.
#ifndef POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_START_H_
#define POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_START_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/fork/left_behind.h"

namespace posix_async {

constexpr size_t kDefaultStackSize = 512 * 1024;

enum class Signals { kBlock, kInherit };

// pthread_create and pthread_detach; gives 0 or -errno (-EAGAIN: no more threads now). The stack has `stack_size`
// bytes, raised to what is needed at least; 0 is the default above. The thread blocks ordinary signals, or, started by
// a thread that does so already, kInherit spares the two system calls.
int StartThread(void* (*routine)(void*), void* argument, size_t stack_size, Signals signals = Signals::kBlock);

// What a blocked read or write of a connection gives up after, by SO_RCVTIMEO and SO_SNDTIMEO; 0 leaves it blocking for
// good.
void SetIdleTimeout(int fd, int milliseconds);

// What a thread of this library does first: in a child made by fork it does not live on, for what it did there would be
// done to the parent's clients and files. A fork may have come even before this. Then it is alive in the child, asks a
// ProcessGuard next, and ends.
inline void StayBehind() {
  fork::is_left_behind = true;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // it is parked in a signal handler
}

// False in a child made by fork. One page, zeroed by the kernel in every child. See: man 2 madvise, MADV_WIPEONFORK.
class ProcessGuard {
 public:
  ProcessGuard();
  ~ProcessGuard();
  ProcessGuard(const ProcessGuard&) = delete;
  ProcessGuard& operator=(const ProcessGuard&) = delete;
  bool IsOwner() const { return mark_ == nullptr || *mark_ != 0; }

 private:
  volatile uint32_t* mark_ = nullptr;  // nullptr where there is no memory for it
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_START_H_
