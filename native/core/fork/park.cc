// Parking: the threads are stopped one by one, until the records agree with what the kernel counts and nobody stands
// where it must not.
//
// The facts it rests on: a thread that runs may start another at any moment, and end at any moment; /proc lists them.
// What is idle since an earlier fork is frozen by one atomic exchange; what runs takes a signal (park_signal.cc). See:
// man 2 rt_tgsigqueueinfo.
#include "park.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "conditions.h"
#include "fate.h"
#include "park_signal.h"
#include "patience.h"
#include "program.h"
#include "undisturbed.h"

namespace posix_async::fork {

namespace {

bool Exists(pid_t tid) { return syscall(SYS_tgkill, getpid(), tid, 0) == 0; }

// The threads that were asked and have not come: those that ended meanwhile are no longer waited for.
Thread* FirstMissing(ThreadTable* table, uint32_t* expected) {
  Thread* missing = nullptr;
  *expected = 0;
  for (Thread* thread : table->threads()) {
    if (!thread->parkable || thread->is_left_alone || thread->state.load() >= kFrozen) continue;
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
Thread* AwaitParked(ThreadTable* table, uint32_t expected, Patience* patience) {
  while (!AwaitCount(expected)) {
    Thread* missing = FirstMissing(table, &expected);
    patience->Look(missing == nullptr ? 0 : missing->tid);
    if (missing != nullptr && patience->IsOver()) return missing;
  }
  return nullptr;
}

// A thread that was never parked and sleeps with the signal blocked will never take it; asked again at the next few
// forks. One that is awake is just being made (until then glibc blocks every signal): it may not have been scheduled
// yet, and is waited for. One that was parked before may block it just now, on its way out of the handler, and takes it
// then. Sets `parkable`; 0, or a negative errno where it can't be told.
int FindWhetherItParks(Thread* thread, Patience* patience) {
  constexpr int kMoments = 10, kFinal = kMoments + 3;
  if (thread->has_parked || thread->times_blocked >= kFinal) return 0;
  thread->parkable = false;
  for (Blocking how = Blocking::kAwake; how != Blocking::kNot && !patience->IsOver(); Rest()) {
    const int error = HowItBlocksPark(thread->tid, &how);
    if (error != 0) return error;
    if (how == Blocking::kAsleep && ++thread->times_blocked >= kMoments) return 0;
    if (how != Blocking::kNot) patience->Look(thread->tid);
  }
  thread->parkable = true;
  return 0;
}

bool Freeze(Thread* thread) {
  uint32_t idle = kIdle;
  return thread->state.compare_exchange_strong(idle, kFrozen);
}

// What came of one attempt to stop all threads.
struct Attempt {
  uint32_t expected = 0;            // so many were asked to park
  bool all_there = true;            // no thread of the table was gone
  int error = 0;                    // why one could not be asked: a negative errno
  const Thread* missing = nullptr;  // did not come in time
};

// Looks at what the thread is in. Whether it stays there: it need not be asked.
bool LeaveAlone(Thread* thread, bool may_leave) {
  thread->look = LookAtCall(thread->tid);
  thread->look.is_recent = thread->has_run || thread->forks_to_ask > 0;  // it runs again and again
  return may_leave && MayBeLeftAlone(thread);
}

// Stops one thread. What is idle is frozen here and now; what runs is asked to park.
void Stop(Thread* thread, bool may_leave, Patience* patience, Attempt* attempt) {
  const bool is_stopped = thread->state.load() >= kFrozen || Freeze(thread);
  thread->is_left_alone = !is_stopped && thread->state.load() != kParked && LeaveAlone(thread, may_leave);
  if (is_stopped || thread->is_left_alone) return;
  int error = thread->state.load() == kParked ? 0 : FindWhetherItParks(thread, patience);
  if (error == 0 && !thread->parkable) {
    attempt->all_there &= Exists(thread->tid);
    return;
  }
  if (error == 0 && thread->state.load() != kParked) error = AskToPark(thread);
  attempt->expected += error == 0;
  attempt->all_there &= error == 0;
  if (error != 0 && error != -ESRCH) attempt->error = error;
}

// Stops all that are known, and waits for those that could be asked.
Attempt StopAll(ThreadTable* table, bool may_leave, Patience* patience) {
  Attempt attempt;
  for (Thread* thread : table->threads()) Stop(thread, may_leave, patience, &attempt);
  attempt.missing = AwaitParked(table, attempt.expected, patience);
  return attempt;
}

ParkResult Fail(ThreadTable* table, int error, const char* reason = "") {
  ParkResult result;
  result.error = error;
  snprintf(result.reason, sizeof result.reason, "%s", reason);
  Release(table);
  return result;
}

ParkResult FailFor(ThreadTable* table, const Thread& thread, const Patience& patience, const char* why) {
  char reason[sizeof ParkResult::reason];
  patience.Explain(thread.tid, why, reason, sizeof reason);
  return Fail(table, -ETIMEDOUT, reason);
}

ParkResult FailToList(ThreadTable* table, int error) {
  if (error == kForeignProc) return Fail(table, error, "/proc is not that of this process's pid namespace");
  const bool is_missing = error == -ENOENT || error == -ENOTDIR || error == -EACCES || error == -EPERM;
  char reason[sizeof ParkResult::reason];
  snprintf(reason, sizeof reason, "/proc/self/task cannot be read (%s), by which a process knows its threads",
           strerror(-error));
  return Fail(table, error, is_missing ? reason : "");
}

ParkResult FailToEnd(ThreadTable* table) { return Fail(table, -ETIMEDOUT, "threads came and went for a second"); }

// For how long it is tried again where the kernel has no room for one more signal of this user's.
constexpr int64_t kFullQueue = 100'000'000;

}  // namespace

ParkResult Park(ThreadTable* table, bool may_leave) {
  const int not_prepared = InstallParkHandler();
  if (not_prepared != 0) return Fail(table, not_prepared);
  Patience patience;
  StartCounting();
  for (;;) {
    const Attempt attempt = StopAll(table, may_leave, &patience);
    if (attempt.missing != nullptr) return FailFor(table, *attempt.missing, patience, "it does not take the signal");
    const bool goes_on = attempt.error == 0 || (attempt.error == -EAGAIN && patience.Passed() < kFullQueue);
    if (!goes_on) return Fail(table, attempt.error);
    const Thread* in_between = JudgeAll(*table, patience.IsFresh());
    if (in_between == nullptr && attempt.error == 0) {
      const int added = attempt.all_there && table->IsComplete() ? 0 : table->Refresh();
      if (added < 0) return FailToList(table, added);
      if (added == 0 && attempt.all_there) return {};  // whatever the kernel says of the folder's links
    }
    patience.Look(in_between == nullptr ? 0 : in_between->tid);
    if (patience.IsOver() && in_between == nullptr) return FailToEnd(table);
    if (patience.IsOver()) return FailFor(table, *in_between, patience, "it stays where it may hold a lock");
    if (in_between == nullptr && attempt.error == 0) continue;
    Release(table);
    patience.LetRun(in_between == nullptr ? 0 : in_between->tid);
    StartCounting();
  }
}

void PrepareToPark() {
  static const bool is_ready = (PrepareToJudge(), PrepareToLeaveConditions(), true);
  if (is_ready) LookAtLoaded();
}

ParkResult ListThreads(ThreadTable* table) {
  const int error = table->Refresh();
  return error < 0 ? FailToList(table, error) : ParkResult{};
}

void Release(ThreadTable* table) { ReleaseAll(*table); }

}  // namespace posix_async::fork
