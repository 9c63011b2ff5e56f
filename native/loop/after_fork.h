// What each family does in the child of a fork, registered by the family and run by fork.cc. And, because it has three
// homes, the whole order in which a child is made one of its own. Each step may rest on those before it.
//
//   native/core/fork, without JavaScript; until the threads live again nothing is allocated (fork.cc, BeginChild)
//     1. descriptors the child is not to hold are closed                            descriptors.h
//     2. results on their way to the parent's loop are dropped, and what its pool of threads has still to do
//     3. threads keep their old numbers, and conditions their waiters               old_number.h, conditions.h
//     4. the child's handlers of pthread_atfork run                                 atfork.h
//     5. the event loop becomes its own, and the parent's handles are silent in it  child_loop.h, silence.h
//     6. the runtime's threads live again, now or at the first wake-up              revive.h
//     7. watches of files are the child's own
//
//   native/loop/fork.cc (ForkRuntime), with an isolate, before any JavaScript
//     8. what V8 and its queue of promise jobs have under way for the parent is dropped; connections of threads are
//     closed
//     9. the steps below, in the order of ChildStep
//
//   lib/posix/after-fork/repair-runtime.ts, first of all JavaScript
//    10. process.pid and random numbers are its own; what was begun before is the parent's; Workers have ended
//    11. watches, queues, listeners, imports and connections are forgotten; with handles: 'keep' watches are renewed
//    12. the program's own hooks, of pthread_atfork() in lib/posix/fork.ts; then the program
#ifndef POSIX_ASYNC_LOOP_AFTER_FORK_H_
#define POSIX_ASYNC_LOOP_AFTER_FORK_H_

#include <node_api.h>

#include <array>
#include <cstddef>

namespace posix_async {

// In this order. Descriptors first: a child must not keep open what is the parent's. Readiness before its users.
enum class ChildStep : size_t { kReactors, kThreads, kAio, kRings, kReadiness, kEpollWaits, kForkAcceptors, kCount };

// A family has one, at namespace scope: the library registers them as it is loaded.
class AfterFork {
 public:
  using Step = void (*)(napi_env env);

  AfterFork(ChildStep at, Step step) { steps_[static_cast<size_t>(at)] = step; }

  // In the child, on the forking thread, when its event loop is its own and before JavaScript runs.
  static void RunAll(napi_env env) {
    for (const Step step : steps_) step(env);
  }

 private:
  static inline std::array<Step, static_cast<size_t>(ChildStep::kCount)> steps_{};
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_AFTER_FORK_H_
