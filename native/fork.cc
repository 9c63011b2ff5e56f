// fork: the whole-runtime fork of native/core/fork, joined to Node's event loop. See: man 2 fork.
#include <unistd.h>
#include <uv.h>

#include "binding.h"
#include "core/fork/fork.h"
#include "core/fork/silence.h"
#include "readiness.h"

namespace posix_async {
namespace {

// fork(keepHandles): a pid, 0 in the child, a negative errno; or, where a thread could not be parked, its name and
// number. Main thread only (ENOTSUP elsewhere): a Worker's own loop and isolate cannot be the ones that live on.
Napi::Value Fork(Napi::Env env, bool keep_handles) {
  if (gettid() != getpid()) return Napi::Number::New(env, -ENOTSUP);
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  const fork::ForkResult result = fork::Fork();
  if (result.parking.error == -ETIMEDOUT) {
    return Napi::String::New(env, std::string(result.parking.name) + " (" + std::to_string(result.parking.tid) + ")");
  }
  if (result.pid == 0) {
    if (!keep_handles) fork::SilenceHandles(loop);
    uv_loop_fork(loop);
    RenewReadinessAfterFork(env);
  }
  return Napi::Number::New(env, result.pid);
}

int Getpid() { return getpid(); }

void Exit(int status) { _exit(status); }

}  // namespace

void RegisterFork(Exports& exports) {
  exports.Function<&Fork>("fork");
  exports.Function<&Exit>("_exit");
  exports.Function<&Getpid>("getpid");
}

}  // namespace posix_async
