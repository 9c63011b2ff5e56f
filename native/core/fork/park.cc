// Parking, by a real-time signal to each thread whose handler waits on a futex.
//
// The facts it rests on: the kernel saves all registers of an interrupted thread in the signal frame on that thread's
// own stack, so a thread that waits inside its handler is a thread whose whole state lies in memory, and memory is what
// fork copies. A system call that the signal interrupts has either been set up to run again (the saved program counter
// points at its instruction) or gives EINTR.
//
// Most threads do nothing most of the time: they wait on a futex. Such a thread does not go back to that wait after a
// fork; its handler waits on the same futex in its stead, and gives the result as that of the interrupted call. For the
// program it is the same wait; for the next fork the thread is parked already, and to freeze it takes one atomic
// exchange where a signal takes two context switches. See: man 7 signal, man 2 futex.
#include "park.h"

#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "frame.h"
#include "left_behind.h"

namespace posix_async::fork {
namespace {

// Not the last one: some runtimes take SIGRTMAX; glibc keeps 32 and 33 for itself.
const int kParkSignal = SIGRTMAX - 2;
constexpr int64_t kParkLimit = 1'000'000'000;  // nanoseconds

std::atomic<uint32_t> parked_count{0};
std::atomic<uint32_t> awaited_count{0};  // the count at which the forking thread is woken
std::atomic<uint32_t> release_round{0};

long Futex(std::atomic<uint32_t>* word, int operation, uint32_t value, const timespec* timeout = nullptr) {
  return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
}

}  // namespace

int* TidAddress() {
  int* address = nullptr;
  if (prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) == 0 && address != nullptr) return address;
  // A kernel without checkpoint/restore: look for the number in struct pthread.
  const int tid = static_cast<int>(syscall(SYS_gettid));
  char* descriptor = reinterpret_cast<char*>(pthread_self());
  for (size_t offset = 0x80; offset < 0x900; offset += sizeof(int)) {
    if (*reinterpret_cast<int*>(descriptor + offset) == tid) return reinterpret_cast<int*>(descriptor + offset);
  }
  return nullptr;
}

namespace {

// Makes the interrupted wait from within the handler, under the thread's own signal mask. While it lasts, the thread
// can be frozen; a fork that is under way when the wait ends is waited for.
void StandIn(Thread* self, ucontext_t* context, Interrupted call, const Wait& wait) {
  const long* arguments = wait.arguments;
  pthread_sigmask(SIG_SETMASK, &context->uc_sigmask, nullptr);
  const long outcome =
      syscall(wait.number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
  const long result = outcome < 0 ? -errno : outcome;
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

// Where the C library's code is, and with it the inside of its allocator's locks.
struct CodeRange {
  uintptr_t from = 0, to = 0;
};
CodeRange library_code;

int FindLibraryCode(dl_phdr_info* library, size_t, void*) {
  if (strstr(library->dlpi_name, "/libc.so") == nullptr) return 0;
  for (int i = 0; i < library->dlpi_phnum; i++) {
    const auto& segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    library_code.from = library->dlpi_addr + segment.p_vaddr;
    library_code.to = library_code.from + segment.p_memsz;
  }
  return 1;
}

bool RunsLibraryCode(const ucontext_t& context) {
  const uintptr_t counter = ProgramCounter(context);
  return counter >= library_code.from && counter < library_code.to;
}

// Runs on the thread that is parked, with every signal blocked. In the child it is not returned to: revive.cc gives the
// kernel this very frame back.
void OnPark(int, siginfo_t* info, void* argument) {
  const int saved_errno = errno;
  auto* self = static_cast<Thread*>(info->si_value.sival_ptr);
  const uint32_t round = release_round.load();
  if (self->round.load() != round) return;
  auto* context = static_cast<ucontext_t*>(argument);
  self->frame = context;
  self->thread_pointer = __builtin_thread_pointer();
  if (self->tid_address == nullptr) self->tid_address = TidAddress();
  syscall(SYS_get_robust_list, 0, &self->robust_list, &self->robust_size);
  const Interrupted call = InterruptedCall(*context);
  // Sticky: right after an earlier fork a thread with a loop of its own is still on its way back to epoll_wait.
  self->waits_for_io |= call == Interrupted::kOther;
  const bool dies = self->waits_for_io || is_left_behind;
  self->fate = dies ? Fate::kDead : Fate::kRevive;
  self->is_in_between = dies && call == Interrupted::kNothing && RunsLibraryCode(*context);
  Wait wait;
  self->stands_in = PlainWait(*context, call, &wait);
  self->is_wakeable = self->stands_in && IsConditionWait(wait);
  WaitForRelease(self, round);
  errno = saved_errno;
  if (self->stands_in) StandIn(self, context, call, wait);
  errno = saved_errno;
}

bool InstallHandler() {
  dl_iterate_phdr(FindLibraryCode, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = OnPark;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  return sigaction(kParkSignal, &action, nullptr) == 0;
}

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

bool Exists(pid_t tid) { return syscall(SYS_tgkill, getpid(), tid, 0) == 0; }

// Asks one thread to park. False: it is gone, or never takes the signal.
bool Signal(Thread* thread) {
  thread->round = release_round.load();
  siginfo_t request = {};
  request.si_signo = kParkSignal;
  request.si_code = SI_QUEUE;
  request.si_value.sival_ptr = thread;
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), thread->tid, kParkSignal, &request) == 0;
}

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
  const timespec patience = {0, 5'000'000};
  awaited_count = expected;
  for (uint32_t now = parked_count.load(); now < expected; now = parked_count.load()) {
    const bool late = Futex(&parked_count, FUTEX_WAIT, now, &patience) != 0 && errno == ETIMEDOUT;
    if (!late) continue;
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

// A thread that was never parked and blocks the signal will never take it, unless it is just being made: that is waited
// for when it is first seen, and asked again at the next few forks. One that was parked before may block it just now,
// on its way out of the handler, and takes it then.
bool NeverParks(Thread* thread) {
  constexpr int kMoments = 10, kFinal = kMoments + 3;
  if (thread->tid_address != nullptr || thread->times_blocked >= kFinal) return !thread->parkable;
  for (thread->parkable = false; BlocksSignal(thread->tid, kParkSignal); Rest()) {
    if (++thread->times_blocked >= kMoments) return true;
  }
  thread->parkable = true;
  return false;
}

bool Freeze(Thread* thread) {
  uint32_t idle = kIdle;
  return thread->state.compare_exchange_strong(idle, kFrozen);
}

// Nobody is counted as parked yet, and nobody awaited.
void StartCounting() {
  parked_count = 0;
  awaited_count = UINT32_MAX;
}

// Stops one thread. What is idle is frozen here and now; what runs is asked to park and counted in `expected`. False:
// it is gone.
bool Stop(Thread* thread, uint32_t* expected) {
  if (thread->state.load() >= kFrozen || Freeze(thread)) return true;
  if (NeverParks(thread)) return Exists(thread->tid);
  const bool comes = thread->state.load() == kParked || Signal(thread);
  *expected += comes;
  return comes;
}

// A thread that is left behind in the child must not stand in the middle of the C library: it may hold the allocator's
// lock. It is soon out of it.
const Thread* FindInBetween(const ThreadTable& table) {
  for (const Thread* thread : table.threads())
    if (thread->state.load() == kParked && thread->is_in_between) return thread;
  return nullptr;
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

}  // namespace

ParkResult Park(ThreadTable* table) {
  static const bool installed = InstallHandler();
  if (!installed) return Fail(table, -EINVAL, nullptr);
  const int64_t deadline = Now() + kParkLimit;
  StartCounting();
  // A thread that still runs may start another: list again until the records agree with what the kernel counts.
  for (;;) {
    uint32_t expected = 0;
    bool all_there = true;
    for (Thread* thread : table->threads()) all_there &= Stop(thread, &expected);
    Thread* missing = AwaitParked(table, expected, deadline);
    if (missing != nullptr) return Fail(table, -ETIMEDOUT, missing);
    const Thread* in_between = FindInBetween(*table);
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

void Release(ThreadTable* table) {
  bool anybody_parked = false;
  for (Thread* thread : table->threads()) {
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
