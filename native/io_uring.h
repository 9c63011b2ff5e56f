// The rings of an environment and fork(2). The functions that JavaScript calls are in io_uring.cc.
#ifndef POSIX_ASYNC_IO_URING_H_
#define POSIX_ASYNC_IO_URING_H_

#include <node_api.h>

namespace posix_async {

// In the child, on the forking thread, when its event loop is its own (after uv_loop_fork) and before JavaScript runs:
// the parent's rings are closed here; their operations are the parent's and go on there.
void ForgetRingsAfterFork(napi_env env);

}  // namespace posix_async

#endif  // POSIX_ASYNC_IO_URING_H_
