// Leaving threads alone.
//
// The facts it rests on: a thread that is blocked in a call changes no memory, and a thread that does not live in the
// child need not be in a handler. That it has not run between two moments is told by its own processor clock, which
// then stands still. So it is read before the copy is made and behind it; where it has gone on, the copy may show the
// thread in the middle of something, with a lock: that child is ended, which waits at a gate until then, and the next
// attempt asks the thread to park, when it has begun its call a moment ago. Where a thread's number stands
// (pthread_join waits for it to be cleared) is told by its list of robust mutexes, which lies in the same struct as the
// number does, as for the calling thread. See: man 2 clock_gettime, get_robust_list.
#include "undisturbed.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "patience.h"
#include "peek.h"
#include "program.h"
#include "resumed_call.h"
#include "tasks.h"

namespace posix_async::fork {
namespace {

// After so many forks in a row at which it ran it is asked at the next ones at once.
constexpr int kOften = 3, kRest = 16;

// Whether the functions that lead to the call, outside the C library, are Node's or this package's, which go on after
// EINTR. Where others are among them it is theirs: what lies there may also be of functions that have returned, this
// package's signal handler for one.
bool IsOwnCall(const CallLook& look) {
  uintptr_t words[64];
  size_t count = 64;
  while (count > 0 && !Peek(look.stack_pointer, words, count * sizeof words[0])) count /= 2;  // the stack ends
  bool is_own = false;
  for (size_t i = 0; i < count; i++) {
    if (!IsNativeCode(words[i]) || TheLibrary().code.Has(words[i])) continue;
    is_own = IsRuntimeCode(words[i]) || IsOwnCode(words[i]);
    if (!is_own) return false;
  }
  return is_own;
}

// Grows each time that the thread runs, however short: by its processor time, of which a hypervisor may take the whole
// (steal time), and by how often it was given a processor, which some kernels do not count. Negative: it is gone.
int64_t ProgressOf(pid_t tid) {
  char text[128];
  const int64_t time = ProcessorTime(tid);
  const char* const last =
      ReadTaskFile(tid, "schedstat", text, sizeof text) > 0 ? strrchr(text, ' ') : nullptr;  // time, delay, count
  return time < 0 || last == nullptr ? time : time + strtol(last, nullptr, 10);
}

uintptr_t RobustList(pid_t tid) {
  void* head = nullptr;
  size_t size = 0;
  return syscall(SYS_get_robust_list, tid, &head, &size) == 0 ? reinterpret_cast<uintptr_t>(head) : 0;
}

int* NumberOf(pid_t tid) {
  const uintptr_t its = RobustList(tid), own = RobustList(0);
  if (its == 0 || own == 0) return nullptr;
  auto* const at = reinterpret_cast<int*>(reinterpret_cast<uintptr_t>(TidAddress()) - own + its);
  int number = 0;
  return Peek(reinterpret_cast<uintptr_t>(at), &number, sizeof number) && number == tid ? at : nullptr;
}

}  // namespace

bool MayBeLeftAlone(Thread* thread) {
  if (thread->forks_to_ask > 0 || !HasUnknownRest(thread->look) || IsOwnCall(thread->look)) return false;
  const int64_t before = ProgressOf(thread->tid);
  thread->look = LookAtCall(thread->tid);
  thread->used = ProgressOf(thread->tid);
  const bool has_run = before != thread->used;
  thread->look.is_recent = has_run;  // since it was first looked at
  if (before < 0 || has_run || !HasUnknownRest(thread->look)) return false;
  if (thread->tid_address == nullptr) thread->tid_address = NumberOf(thread->tid);
  return thread->tid_address != nullptr;
}

bool NoneHasRun(const ThreadTable& table) {
  bool none = true;
  for (Thread* thread : table.threads()) {
    if (!thread->is_left_alone || ProgressOf(thread->tid) == thread->used) continue;
    thread->has_run = true;
    thread->forks_to_ask = ++thread->times_run > kOften ? kRest : 1;
    none = false;
  }
  return none;
}

void NoteForked(const ThreadTable& table) {
  for (Thread* thread : table.threads()) {
    if (thread->forks_to_ask > 0) thread->forks_to_ask--;
    if (thread->is_left_alone) thread->times_run = 0;
    thread->has_run = false;
  }
}

Gate::Gate(const ThreadTable& table) : parent_(getpid()) {
  bool is_needed = false;
  for (const Thread* thread : table.threads()) is_needed |= thread->is_left_alone;
  if (!is_needed) return;
  void* const memory = mmap(nullptr, sizeof *word_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) error_ = -errno;
  if (memory != MAP_FAILED) word_ = new (memory) std::atomic<uint32_t>(0);
}

Gate::~Gate() {
  if (word_ != nullptr) munmap(word_, sizeof *word_);
}

void Gate::Pass() const {
  constexpr timespec kMoment = {0, 50'000'000};
  while (word_ != nullptr && word_->load() == 0) {
    syscall(SYS_futex, word_, FUTEX_WAIT, 0, &kMoment, nullptr, 0);
    if (word_->load() == 0 && getppid() != parent_) _exit(1);
  }
}

void Gate::Let() const {
  if (word_ == nullptr) return;
  word_->store(1);
  syscall(SYS_futex, word_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void Discard(pid_t child, int pidfd, bool takes_children) {
  sigset_t ends, before;
  sigemptyset(&ends);
  if (takes_children) sigaddset(&ends, SIGCHLD);
  pthread_sigmask(SIG_UNBLOCK, &ends, &before);
  kill(child, SIGKILL);
  while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) continue;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pidfd >= 0) close(pidfd);
}

}  // namespace posix_async::fork
