// The whole-runtime fork: park, clone, revive.
//
// The raw system call, not glibc's fork(): that one hands the stacks of all other threads to its cache in the child,
// and the revived threads would then run on freed stacks. See: man 2 clone.
#include "fork.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "atfork.h"
#include "child_loop.h"
#include "conditions.h"
#include "descriptors.h"
#include "loop_phase.h"
#include "maps.h"
#include "old_number.h"
#include "pool.h"
#include "revive.h"
#include "undisturbed.h"
#include "wake_hooks.h"

namespace posix_async::fork {
namespace {

ThreadTable& Threads() {
  static auto* table = new ThreadTable();
  return *table;
}

// CLONE_PARENT, or 0.
long sibling_flag = 0;

// As fork(2) makes it, with glibc's record of the thread id kept right in the child. Where `pidfd` is not null it takes
// a descriptor of the child.
pid_t Clone(int* pidfd) {
  int* tid_address = TidAddress();
  const long flags =
      CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD | sibling_flag | (pidfd != nullptr ? CLONE_PIDFD : 0);
#if defined(__x86_64__)
  const long pid = syscall(SYS_clone, flags, nullptr, pidfd, tid_address, nullptr);
#else
  const long pid = syscall(SYS_clone, flags, nullptr, pidfd, nullptr, tid_address);
#endif
  return static_cast<pid_t>(pid < 0 ? -errno : pid);
}

// The list of robust mutexes is the one thing of the forking thread itself that the kernel forgets.
struct RobustList {
  void* head = nullptr;
  size_t size = 0;
  RobustList() { syscall(SYS_get_robust_list, 0, &head, &size); }
  void Restore() const { syscall(SYS_set_robust_list, head, size); }
};

// Every signal is blocked for as long as it lives: a thread that is being revived inherits that, and takes no signal
// before it is back on a stack of its own.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t everything;
    sigfillset(&everything);
    pthread_sigmask(SIG_BLOCK, &everything, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  bool TookBefore(int signal) const { return sigismember(&before_, signal) == 0; }

 private:
  sigset_t before_;
};

// A child that can't have what it needs runs nothing: without its threads it would stand still for ever, without a loop
// of its own it would hear what is meant for its parent.
[[noreturn]] void EndForWantOf(const char* what, int error) {
  dprintf(STDERR_FILENO, "posix-async: %s can't be made in child %d: %s\n", what, getpid(), strerror(-error));
  _exit(1);
}

// A child that is to hold no more than it needs does not go on with more.
void LetGoOfOthers(const std::vector<int>& kept, uv_loop_t* loop) {
  const int error = KeepOnly(kept, loop);
  if (error == 0) return;
  dprintf(STDERR_FILENO, "posix-async: child %d can't let go of its parent's descriptors: %s\n", getpid(),
          strerror(-error));
  _exit(1);
}

void ReviveAll() {
  const AllSignalsBlocked blocked;
  ThreadTable* table = &Threads();
  const int error = Revive(table);
  if (error != 0) EndForWantOf("the threads of the runtime", error);
  std::vector<Thread*> alive;
  for (Thread* thread : table->threads())
    if (thread->seen) alive.push_back(thread);
  table->KeepOnly(alive);
}

// With `lazily`, and where all others only wait to be woken, they are revived at the first wake-up.
// The handlers run first: a revived thread takes signals, and until libuv's handler has made pipes of the child's own
// for them, a thread that takes one would take the parent's lock with it, which is a byte in a pipe.
void BeginChild(ThreadTable* table, uv_loop_t* loop, const ForkOptions& options, LoopSpares* spares) {
  DropResults();
  DisownPoolWork(table, loop);
  LeaveOldNumbers(*table);
  LeaveConditions(*table);
  RunChildHandlers();
  int error = RenewLoop(loop, *spares, options.keep_handles);
  if (error != 0) EndForWantOf("an event loop", error);
  spares->Settle();
  const bool later = options.lazily && MayReviveLater(*table);
  BeforeNextWakeUp(later ? ReviveAll : nullptr);
  if (!later) ReviveAll();
  error = RenewFileWatches(loop, options.keep_handles);
  if (error != 0) EndForWantOf("watches of files", error);
}

// Once. -ERESTART: a thread that was left alone has run meanwhile, and the child is gone.
constexpr pid_t kOnceMore = -ERESTART;

ForkResult ForkParked(ThreadTable* table, bool may_leave, const AllSignalsBlocked& blocked, uv_loop_t* loop,
                      const ForkOptions& options, LoopSpares* spares) {
  ForkResult result;
  result.parking = Park(table, may_leave);
  if (result.parking.error != 0) {
    result.pid = result.parking.error;
    return result;
  }
  if (HandlersAreKnown()) RetireIdlePoolThreads(table, loop);
  const RobustList robust;
  const Gate gate(*table);
  const int error = gate.error() != 0 ? gate.error() : MakeMappingsForkable();
  result.pid = error != 0 ? error : Clone(options.wants_pidfd ? &result.pidfd : nullptr);
  if (result.pid == 0) {
    gate.Pass();
    sibling_flag = 0;
    robust.Restore();
    if (options.keeps_only != nullptr) LetGoOfOthers(*options.keeps_only, loop);
    BeginChild(table, loop, options, spares);
    return result;
  }
  const bool is_good = result.pid < 0 || NoneHasRun(*table);
  if (is_good) gate.Let();
  Release(table);
  if (is_good) return result;
  Discard(result.pid, std::exchange(result.pidfd, -1), blocked.TookBefore(SIGCHLD));
  result.pid = kOnceMore;
  return result;
}

// A child that is its parent's parent's could not be discarded: for such a one every thread is asked.
ForkResult ForkSoundly(ThreadTable* table, uv_loop_t* loop, const ForkOptions& options, LoopSpares* spares) {
  constexpr int kAttempts = 4;
  const AllSignalsBlocked blocked;
  ForkResult result;
  result.pid = kOnceMore;
  for (int attempt = 0; result.pid == kOnceMore; attempt++)
    result = ForkParked(table, attempt < kAttempts && sibling_flag == 0, blocked, loop, options, spares);
  if (result.pid > 0) NoteForked(*table);
  return result;
}

}  // namespace

ForkResult Fork(uv_loop_t* loop, const ForkOptions& wanted) {
  ReviveNow();
  ForkResult result;
  LoopSpares spares;
  result.pid = spares.Open(*loop, wanted.keep_handles);
  if (result.pid != 0) return result;
  ForkOptions options = wanted;
  options.lazily = wanted.lazily && HookWakeUps();
  std::vector<int> kept;
  if (wanted.keeps_only != nullptr) {
    kept = *wanted.keeps_only;
    spares.AddTo(&kept);
    options.keeps_only = &kept;
  }
  HookNumbers();
  PrepareToPark();
  RunPrepareHandlers();
  result = ForkSoundly(&Threads(), loop, options, &spares);
  if (result.pid != 0) RunParentHandlers();
  return result;
}

ForkResult LookForThreads() {
  ForkResult result;
  result.parking = ListThreads(&Threads());
  result.pid = result.parking.error;
  return result;
}

void ForkSiblings() { sibling_flag = CLONE_PARENT; }

void ReviveNow() { WakeUpIsNear(); }

}  // namespace posix_async::fork
