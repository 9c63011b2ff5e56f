// The system call that a thread is blocked in, as the kernel tells it: asked before the thread is interrupted.
#ifndef POSIX_ASYNC_CORE_FORK_CALL_LOOK_H_
#define POSIX_ASYNC_CORE_FORK_CALL_LOOK_H_

#include <sys/types.h>

#include <cstdint>

namespace posix_async::fork {

struct CallLook {
  long number = -1;  // -1: it is in no call, or that can't be told
  long arguments[6] = {};
  uintptr_t stack_pointer = 0, program_counter = 0;
  bool is_recent = false;  // a call that was begun a moment ago
};

// From /proc/self/task/TID/syscall; without malloc.
CallLook LookAtCall(pid_t tid);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_CALL_LOOK_H_
