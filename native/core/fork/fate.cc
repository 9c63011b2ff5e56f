// Which threads live on in the child, and where the others may be left.
//
// POSIX's rule is that none does but the one that forks, and it is kept for threads whose work is the program's own: an
// event loop, a system call with an effect outside, a start routine of the user's, a Worker. The runtime's helpers live
// on. What is left behind keeps its locks for ever: the C library's (the allocator's, for one) are held inside the C
// library's code only, so no thread is left behind there. A Worker may hold one of the runtime's too (the queue of the
// helpers' tasks), which is told from where it stands: not in JavaScript. A Worker that collects garbage has its
// helpers wait until it has ended, also those of them that compile: a child in which it does not go on would wait for
// these for ever at its end. So no fork is made while a Worker collects, however long that takes.
#include "fate.h"

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

#include "engine_state.h"
#include "frame.h"
#include "isolate.h"
#include "pool.h"
#include "program.h"
#include "worker_thread.h"

namespace posix_async::fork {
namespace {

// V8's functions that were compiled with it; the interpreter of JavaScript is made of them.
Range builtins;

void FindBuiltins() {
  void* const isolate = CurrentIsolate();
  const auto find = reinterpret_cast<void (*)(void*, const void**, size_t*)>(
      dlsym(RTLD_DEFAULT, "_ZN2v87Isolate20GetEmbeddedCodeRangeEPPKvPm"));
  if (isolate == nullptr || find == nullptr) return;
  const void* start = nullptr;
  size_t size = 0;
  find(isolate, &start, &size);
  builtins.from = reinterpret_cast<uintptr_t>(start);
  builtins.to = builtins.from + size;
}

// In JavaScript, or in a wait that is not one for a lock. The engine waits on condition variables for its helpers as
// well as in Atomics.wait.
bool HoldsNothing(const Thread& thread, Interrupted call, EngineState state) {
  if (call == Interrupted::kFutex) return thread.waits_to_be_woken && state == EngineState::kWait;
  if (call != Interrupted::kNothing) return true;
  const uintptr_t counter = ProgramCounter(*thread.frame);
  return builtins.Has(counter) || !IsNativeCode(counter);
}

bool MayHoldLock(const Thread& thread, Interrupted call, bool careful) {
  const EngineState state = thread.is_worker ? StateOfEngine(thread.isolate, *thread.frame) : EngineState::kNone;
  if (state == EngineState::kCollect) return true;
  if (careful && thread.is_worker) return !HoldsNothing(thread, call, state);
  if (call == Interrupted::kFutex) return thread.is_worker && !thread.waits_to_be_woken;
  return call == Interrupted::kNothing && TheLibrary().code.Has(ProgramCounter(*thread.frame));
}

// One that is found so often in a row at a call that may wait does wait there.
constexpr int kSightings = 3;

// Sticky: right after an earlier fork a thread with a loop of its own is still on its way back to epoll_wait. Not for
// threads of the pool, which make such calls in their work.
void Recognise(Thread* thread, Interrupted call) {
  thread->sightings = call == Interrupted::kPerhaps ? thread->sightings + 1 : 0;
  const bool waits = call == Interrupted::kOutside || thread->sightings >= kSightings;
  thread->waits_for_io |= waits && !IsOfPool(*thread);
  if (thread->is_recognised) return;
  thread->is_worker = IsWorkerThread(thread->thread_pointer);
  thread->is_recognised = true;
}

// A call of the pool's has effects outside (a file is written, a name is asked for), which are the parent's.
bool IsAtPoolCall(const Thread& thread, Interrupted call) {
  const bool is_call = call == Interrupted::kOutside || call == Interrupted::kPerhaps || call == Interrupted::kCall;
  return is_call && IsOfPool(thread);
}

void Judge(Thread* thread, bool careful) {
  const Interrupted call = InterruptedCall(*thread->frame);
  Recognise(thread, call);
  const bool dies = thread->waits_for_io || thread->is_left_behind || thread->is_worker || IsAtPoolCall(*thread, call);
  thread->fate = dies ? Fate::kDead : Fate::kRevive;
  // A helper of the runtime's that is about to write a byte must live, a thread that waits for one must not.
  const bool is_undecided = !dies && call == Interrupted::kPerhaps;
  thread->is_in_between = is_undecided || (dies && MayHoldLock(*thread, call, careful));
}

}  // namespace

void PrepareToJudge() {
  TheProgram();
  PrepareToRecogniseWorkers();
  PrepareForEngineState();
  FindBuiltins();
}

const Thread* JudgeAll(const ThreadTable& table, bool careful) {
  const Thread* in_between = nullptr;
  for (Thread* thread : table.threads()) {
    if (thread->state.load() == kParked) Judge(thread, careful);
    if (thread->stands_still() && thread->is_in_between) in_between = thread;  // or was, and is frozen there
  }
  return in_between;
}

}  // namespace posix_async::fork
