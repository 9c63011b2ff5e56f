// The reactors of an environment and fork(2). The functions that JavaScript calls are in reactor.cc.
#ifndef POSIX_ASYNC_REACTOR_H_
#define POSIX_ASYNC_REACTOR_H_

#include <node_api.h>

namespace posix_async {

// In the child, on the forking thread, when its event loop is its own (after uv_loop_fork) and before JavaScript runs:
// the parent's connections are closed here, and nothing that the two processes share is touched. The reactors of the
// environment are dead in the child: they give no events, and what is written to their connections goes nowhere.
void ForgetReactorsAfterFork(napi_env env);

}  // namespace posix_async

#endif  // POSIX_ASYNC_REACTOR_H_
