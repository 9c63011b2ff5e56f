// What other families may ask of the readiness that everything asynchronous stands on (readiness.cc).
#ifndef POSIX_ASYNC_READINESS_H_
#define POSIX_ASYNC_READINESS_H_

#include <napi.h>

namespace posix_async {

// In the child of a fork, after uv_loop_fork and before any JavaScript: the epoll instance is one with the parent's, so
// it is closed and an empty one takes its place. JavaScript then calls forgetWatches() or renewWatches() of
// lib/posix/readiness.ts. Nothing happens where no instance was made yet. Gives 0 or -errno.
int RenewReadinessAfterFork(napi_env env);

}  // namespace posix_async

#endif  // POSIX_ASYNC_READINESS_H_
