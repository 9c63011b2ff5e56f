// The signal handler in which a thread is parked, and the counts through which it is waited for and released.
//
// The facts it rests on: the kernel saves all registers of an interrupted thread in the signal frame on that thread's
// own stack, so a thread that waits inside its handler is a thread whose whole state lies in memory, and memory is what
// fork copies. A system call that the signal interrupts has either been set up to run again (the saved program counter
// points at its instruction) or gives EINTR.
//
// Most threads do nothing most of the time: they wait on a futex. Such a thread does not go back to that wait after a
// fork; its handler waits on the same futex in its stead, and gives the result as that of the interrupted call. So it
// is with calls that gave EINTR (resumed_call.cc). For the program it is the same wait; for the next fork the thread is
// parked already, and to freeze it takes one atomic exchange where a signal takes two context switches. See: man 7
// signal, man 2 futex.
#include "park_signal.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "engine_state.h"
#include "frame.h"
#include "left_behind.h"
#include "resumed_call.h"

namespace posix_async::fork {
namespace {

// Not the last one: some runtimes take SIGRTMAX; glibc keeps 32 and 33 for itself.
const int kParkSignal = SIGRTMAX - 2;

std::atomic<uint32_t> parked_count{0};
std::atomic<uint32_t> awaited_count{0};  // the count at which the forking thread is woken
std::atomic<uint32_t> release_round{0};

long Futex(std::atomic<uint32_t>* word, int operation, uint32_t value, const timespec* timeout = nullptr) {
  return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
}

// Makes the interrupted wait from within the handler, under the thread's own signal mask. While it lasts, the thread
// can be frozen; a fork that is under way when the wait ends is waited for.
void StandIn(Thread* self, ucontext_t* context, Interrupted call, const Wait& wait) {
  const long result = Resume(wait, context->uc_sigmask, call);
  for (uint32_t now = kIdle; !self->state.compare_exchange_strong(now, kRunning); now = kIdle) {
    if (now == kFrozen) self->state.compare_exchange_strong(now, kFrozenAwake);
    Futex(&self->state, FUTEX_WAIT, kFrozenAwake);
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &context->uc_sigmask);  // what changed meanwhile stays changed
  FinishCall(context, call, result);
}

void WaitForRelease(Thread* self, uint32_t round) {
  self->state = kParked;
  if (parked_count.fetch_add(1) + 1 >= awaited_count.load()) Futex(&parked_count, FUTEX_WAKE, 1);
  while (release_round.load() == round) Futex(&release_round, FUTEX_WAIT, round);
}

// What the signal did before: one that some other process or library sent goes there.
struct sigaction before = {};

// Whether this process sent it to this very thread, for a parking. Anything may have been sent by others.
bool IsOwnRequest(const siginfo_t& info) {
  if (info.si_code != SI_QUEUE || info.si_pid != getpid()) return false;
  const auto* thread = static_cast<const Thread*>(info.si_value.sival_ptr);
  return IsRecord(thread) && thread->tid == static_cast<pid_t>(syscall(SYS_gettid));
}

// Without a handler of its own the signal would end the process: it is ignored instead, as nobody means it so.
void PassOn(int signal, siginfo_t* info, void* context) {
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(signal);
}

void ParkHere(Thread* self, ucontext_t* context, uint32_t round) {
  self->frame = context;
  self->has_parked = true;
  self->thread_pointer = __builtin_thread_pointer();
  if (self->tid_address == nullptr) self->tid_address = TidAddress();
  syscall(SYS_get_robust_list, 0, &self->robust_list, &self->robust_size);
  self->is_left_behind = is_left_behind;
  self->isolate = EnteredIsolate();
  const Interrupted call = InterruptedCall(*context);
  Wait wait;
  self->is_at_rest = PlainWait(*context, call, &wait);
  self->waits_to_be_woken = self->is_at_rest && IsConditionWait(wait);
  self->is_wakeable = self->waits_to_be_woken && !IsByHand(*context);
  self->stands_in = self->is_at_rest || ResumingCall(*context, call, self->look, &wait);
  WaitForRelease(self, round);
  if (self->stands_in) StandIn(self, context, call, wait);
}

// Runs on the thread that is parked, with every signal blocked. In the child it is not returned to: revive.cc gives the
// kernel this very frame back.
void OnPark(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const uint32_t round = release_round.load();
  if (!IsOwnRequest(*info)) {
    PassOn(signal, info, context);
  } else {
    auto* self = static_cast<Thread*>(info->si_value.sival_ptr);
    self->interrupted_errno = saved_errno;
    if (self->round.load() == round) ParkHere(self, static_cast<ucontext_t*>(context), round);
  }
  errno = saved_errno;
}

}  // namespace

int InstallParkHandler() {
  struct sigaction present = {};
  if (sigaction(kParkSignal, nullptr, &present) != 0) return -errno;
  if ((present.sa_flags & SA_SIGINFO) != 0 && present.sa_sigaction == OnPark) return 0;
  before = present;
  struct sigaction action = {};
  action.sa_sigaction = OnPark;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  return sigaction(kParkSignal, &action, nullptr) == 0 ? 0 : -errno;
}

void StartCounting() {
  parked_count = 0;
  awaited_count = UINT32_MAX;
}

int AskToPark(Thread* thread) {
  thread->round = release_round.load();
  siginfo_t request = {};
  request.si_signo = kParkSignal;
  request.si_code = SI_QUEUE;
  request.si_pid = getpid();
  request.si_uid = getuid();
  request.si_value.sival_ptr = thread;
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), thread->tid, kParkSignal, &request) == 0 ? 0 : -errno;
}

int HowItBlocksPark(pid_t tid, Blocking* how) { return HowItBlocks(tid, kParkSignal, how); }

bool AwaitCount(uint32_t expected) {
  const timespec patience = {0, 5'000'000};
  awaited_count = expected;
  for (uint32_t now = parked_count.load(); now < expected; now = parked_count.load())
    if (Futex(&parked_count, FUTEX_WAIT, now, &patience) != 0 && errno != EAGAIN && errno != EINTR) return false;
  return true;
}

void ReleaseAll(const ThreadTable& table) {
  bool anybody_parked = false;
  for (Thread* thread : table.threads()) {
    const uint32_t now = thread->state.load();
    if (now == kParked) {
      anybody_parked = true;
      thread->state = thread->stands_in ? kIdle : kRunning;
    } else if (now >= kFrozen && thread->state.exchange(kIdle) == kFrozenAwake) {
      Futex(&thread->state, FUTEX_WAKE, 1);
    }
  }
  release_round.fetch_add(1);
  if (anybody_parked) Futex(&release_round, FUTEX_WAKE, 0x7fffffff);
}

}  // namespace posix_async::fork
