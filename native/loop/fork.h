// The whole-runtime fork joined to Node's event loop, for other families (fork.cc).
#ifndef POSIX_ASYNC_LOOP_FORK_H_
#define POSIX_ASYNC_LOOP_FORK_H_

#include <napi.h>

#include "core/fork/fork.h"
#include "enter_js.h"

namespace posix_async {

// Main thread only: a Worker's own loop and isolate cannot be the ones that live on.
bool OnMainThread();

// Forks; in the child what this library has open of its own is the parent's, before any JavaScript runs.
fork::ForkResult ForkRuntime(Napi::Env env, const fork::ForkOptions& options);

// What JavaScript is told: a number as fork(2) with a negative errno, or why it was not safe to fork.
Napi::Value ToJs(Napi::Env env, const fork::ForkResult& result);

// A child's life, with no JavaScript on the stack: the loop until nothing is left, then `idle`, which ends the process.
[[noreturn]] void LiveOn(Napi::Env env, EnterJs& idle);

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_FORK_H_
