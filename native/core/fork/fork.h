// The whole-runtime fork: a copy of this process in which every thread of the runtime that can live on does.
#ifndef POSIX_ASYNC_CORE_FORK_FORK_H_
#define POSIX_ASYNC_CORE_FORK_FORK_H_

#include <sys/types.h>
#include <uv.h>

#include <vector>

#include "park.h"

namespace posix_async::fork {

struct ForkResult {
  pid_t pid = -1;      // as fork(2): 0 in the child; a negative errno when there is none
  int pidfd = -1;      // in the parent, where it was asked for: the child, close-on-exec
  ParkResult parking;  // why the threads could not be parked
};

// Main thread only. The order of steps is the promise: what the child will need is opened; signals blocked; threads
// parked; mappings shown; clone; in the child its event loop made its own, threads revived; signals as before. A child
// in which that fails says so on standard error and ends with code 1, and runs nothing else.
// `lazily`: a child whose other threads all wait to be woken gets them when one is first woken, or by ReviveNow:
// one that ends before costs less. `keep_handles`: what the loop watches stays.
struct ForkOptions {
  bool lazily = false;
  bool wants_pidfd = false;
  bool keep_handles = false;
  const std::vector<int>* keeps_only = nullptr;  // where not null: the child holds 0 to 2 and these, see descriptors.h
};

ForkResult Fork(uv_loop_t* loop, const ForkOptions& options);

// Main thread only. Whether a fork could know the threads of this process: `pid` is 0, or a negative errno with the
// reason.
ForkResult LookForThreads();

// From now on the children of this process are its parent's (CLONE_PARENT), who waits for them. Not so in those
// children.
void ForkSiblings();

// In a child: what was put off is done.
void ReviveNow();

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_FORK_H_
