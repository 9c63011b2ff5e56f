// POSIX AIO and fork(2). The functions that JavaScript calls are in aio.cc.
#ifndef POSIX_ASYNC_AIO_AFTER_FORK_H_
#define POSIX_ASYNC_AIO_AFTER_FORK_H_

#include <node_api.h>

namespace posix_async {

// In the child: closes the duplicates that the parent's requests hold, so that a file, pipe or socket is not kept open
// by a child that has nothing to do with it.
void ForgetAioAfterFork(napi_env env);

}  // namespace posix_async

#endif  // POSIX_ASYNC_AIO_AFTER_FORK_H_
