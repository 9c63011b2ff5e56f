// What other families may ask of the readiness that everything asynchronous stands on (readiness.cc).
#ifndef POSIX_ASYNC_LOOP_READINESS_H_
#define POSIX_ASYNC_LOOP_READINESS_H_

#include <napi.h>

namespace posix_async {

// C++ that waits for descriptors in the same epoll instance and is called without entering JavaScript. All
// on the environment's thread.
class NativeWaiter {
 public:
  // `fd` may be ready: a call too many, for a number that was closed and taken again in the same batch, must do no
  // harm.
  virtual void OnReady(int fd) = 0;

 protected:
  ~NativeWaiter() = default;
};

// Level-triggered, until StopWaiting, which comes before `fd` is closed. JavaScript has opened readiness before. 0 or
// -errno. The loop is kept alive by JavaScript's means.
int WaitNatively(napi_env env, int fd, unsigned events, NativeWaiter* waiter);
void StopWaiting(napi_env env, int fd);

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_READINESS_H_
