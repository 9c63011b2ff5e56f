// Parking: the threads are stopped one by one, until the records agree with what the kernel counts and nobody stands
// where it must not.
//
// The facts it rests on: a thread that runs may start another at any moment, and end at any moment; /proc lists them.
// What is idle since an earlier fork is frozen by one atomic exchange; what runs takes a signal (park_signal.cc). See:
// man 2 rt_tgsigqueueinfo.
#include "park.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "fate.h"
#include "park_signal.h"

namespace posix_async::fork {

namespace {

constexpr int64_t kParkLimit = 1'000'000'000;  // nanoseconds
constexpr int64_t kCareful = 200'000'000;      // of them: then a thread is left where it probably holds nothing

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

bool Exists(pid_t tid) { return syscall(SYS_tgkill, getpid(), tid, 0) == 0; }

// The threads that were asked and have not come: those that ended meanwhile are no longer waited for.
Thread* FirstMissing(ThreadTable* table, uint32_t* expected) {
  Thread* missing = nullptr;
  *expected = 0;
  for (Thread* thread : table->threads()) {
    if (!thread->parkable || thread->state.load() >= kFrozen) continue;
    if (thread->state.load() == kParked) {
      ++*expected;
    } else if (Exists(thread->tid)) {
      ++*expected;
      missing = thread;
    }
  }
  return missing;
}

// Waits until `expected` threads are parked. Returns the thread that did not come in time, or null.
Thread* AwaitParked(ThreadTable* table, uint32_t expected, int64_t deadline) {
  while (!AwaitCount(expected)) {
    Thread* missing = FirstMissing(table, &expected);
    if (missing != nullptr && Now() > deadline) return missing;
  }
  return nullptr;
}

// Lets other threads run for a moment.
void Rest() {
  const timespec moment = {0, 100'000};
  nanosleep(&moment, nullptr);
}

// A thread that was never parked and sleeps with the signal blocked will never take it; asked again at the next few
// forks. One that is awake is just being made (until then glibc blocks every signal): it may not have been scheduled
// yet, and is waited for. One that was parked before may block it just now, on its way out of the handler, and takes it
// then.
bool NeverParks(Thread* thread) {
  constexpr int kMoments = 10, kFinal = kMoments + 3, kPatience = 10'000;
  if (thread->tid_address != nullptr || thread->times_blocked >= kFinal) return !thread->parkable;
  thread->parkable = false;
  for (int moments = 0; moments < kPatience; moments++, Rest()) {
    const Blocking how = HowItBlocksPark(*thread);
    if (how == Blocking::kNot) break;
    if (how == Blocking::kAsleep && ++thread->times_blocked >= kMoments) return true;
  }
  thread->parkable = true;
  return false;
}

bool Freeze(Thread* thread) {
  uint32_t idle = kIdle;
  return thread->state.compare_exchange_strong(idle, kFrozen);
}

// Stops one thread. What is idle is frozen here and now; what runs is asked to park and counted in `expected`. False:
// it is gone.
bool Stop(Thread* thread, uint32_t* expected) {
  if (thread->state.load() >= kFrozen || Freeze(thread)) return true;
  if (NeverParks(thread)) return Exists(thread->tid);
  const bool comes = thread->state.load() == kParked || AskToPark(thread);
  *expected += comes;
  return comes;
}

// Stops all that are known. Returns the thread that did not come in time, or null.
Thread* StopAll(ThreadTable* table, int64_t deadline, bool* all_there) {
  uint32_t expected = 0;
  *all_there = true;
  for (Thread* thread : table->threads()) *all_there &= Stop(thread, &expected);
  return AwaitParked(table, expected, deadline);
}

ParkResult Fail(ThreadTable* table, int error, const Thread* thread) {
  ParkResult result;
  result.error = error;
  if (thread != nullptr) {
    result.tid = thread->tid;
    ThreadName(thread->tid, result.name);
  }
  Release(table);
  return result;
}

bool Prepare() {
  PrepareToJudge();
  return InstallParkHandler();
}

}  // namespace

ParkResult Park(ThreadTable* table) {
  static const bool is_prepared = Prepare();
  if (!is_prepared) return Fail(table, -EINVAL, nullptr);
  const int64_t began = Now(), deadline = began + kParkLimit;
  StartCounting();
  for (;;) {
    bool all_there = true;
    const Thread* missing = StopAll(table, deadline, &all_there);
    if (missing != nullptr) return Fail(table, -ETIMEDOUT, missing);
    const Thread* in_between = JudgeAll(*table, Now() < began + kCareful);
    if (in_between != nullptr) {
      if (Now() > deadline) return Fail(table, -ETIMEDOUT, in_between);
      Release(table);
      Rest();
      StartCounting();
      continue;
    }
    if (all_there && table->IsComplete()) return {};
    const int refreshed = table->Refresh();
    if (refreshed < 0) return Fail(table, refreshed, nullptr);
  }
}

void Release(ThreadTable* table) { ReleaseAll(*table); }

}  // namespace posix_async::fork
