// What the JavaScript engine of a parked thread is at.
#ifndef POSIX_ASYNC_CORE_FORK_ENGINE_STATE_H_
#define POSIX_ASYNC_CORE_FORK_ENGINE_STATE_H_

#include <ucontext.h>

namespace posix_async::fork {

enum class EngineState {
  kNone,     // the thread has entered no isolate, or this Node.js does not say
  kCollect,  // it collects garbage: helpers stand still for it until it has ended
  kWait,     // Atomics.wait
  kOther,    // JavaScript, a native function, the compiler
};

// Before threads are parked.
void PrepareForEngineState();

// The isolate that the calling thread has entered, or null. Safe in a signal handler.
void* EnteredIsolate();

// While the thread that has entered `isolate` stands still with these registers.
EngineState StateOfEngine(void* isolate, const ucontext_t& registers);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_ENGINE_STATE_H_
