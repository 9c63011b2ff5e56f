// Waits for epoll instances on threads of their own, and fork(2). The functions that JavaScript calls are in
// epoll_waits.cc.
#ifndef POSIX_ASYNC_LOOP_EPOLL_WAITS_H_
#define POSIX_ASYNC_LOOP_EPOLL_WAITS_H_

#include <node_api.h>

namespace posix_async {

// In the child: the parent's waits are the parent's.
void ForgetEpollWaitsAfterFork(napi_env env);

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_EPOLL_WAITS_H_
