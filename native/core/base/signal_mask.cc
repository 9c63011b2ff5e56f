// Only a thread itself can change its mask: each is sent a real-time signal, whose handler edits the mask that the
// thread will have when it returns.
//
// The facts it rests on: a thread that blocks that signal for a moment (in a handler, while it makes a thread, while
// fork revives it) shows a mask that is not the one it will have; but a signal sent to a thread is taken before any
// sent to the process, so a request that waits there is answered before the thread can take what is to be blocked. See:
// man 7 signal, man 3 pthread_sigmask, man 5 proc (SigBlk, SigPnd).
#include "signal_mask.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <utility>
#include <vector>

#include "deadline.h"

namespace posix_async {
namespace {

constexpr int kSignals = 64;
constexpr double kLimit = 1000;  // milliseconds, for a thread that takes the signal to answer
constexpr double kPatience = 5;  // milliseconds, for a thread that blocks it to unblock it: some never do
constexpr long kPause = 20'000;  // nanoseconds between two looks

// All that was ever asked for: a late answer is as good as one in time.
std::atomic<uint64_t> wanted{0};

constexpr uint64_t Bit(int signal) { return uint64_t{1} << (signal - 1); }

pid_t ThisThread() { return static_cast<pid_t>(syscall(SYS_gettid)); }

struct Thread {
  pid_t id;
  uint64_t blocked;
  uint64_t pending;
};

// False where the thread has ended.
bool Read(Thread& thread) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread.id);
  FILE* file = fopen(path, "re");
  if (file == nullptr) return false;
  char line[256];
  bool found = false;
  while (!found && fgets(line, sizeof line, file) != nullptr) {
    sscanf(line, "SigPnd: %" SCNx64, &thread.pending);
    found = sscanf(line, "SigBlk: %" SCNx64, &thread.blocked) == 1;
  }
  fclose(file);
  return found;
}

std::vector<Thread> OtherThreads() {
  std::vector<Thread> threads;
  DIR* folder = opendir("/proc/self/task");
  if (folder == nullptr) return threads;
  const pid_t self = ThisThread();
  while (const dirent* entry = readdir(folder)) {
    Thread thread{atoi(entry->d_name), 0, 0};
    if (thread.id > 0 && thread.id != self && Read(thread)) threads.push_back(thread);
  }
  closedir(folder);
  return threads;
}

// On the thread that is to block more, every signal blocked.
void Answer(int, siginfo_t*, void* context) {
  const uint64_t mask = wanted.load();
  sigset_t& after = static_cast<ucontext_t*>(context)->uc_sigmask;
  for (int signal = 1; signal <= kSignals; signal++) {
    if ((mask & Bit(signal)) != 0) sigaddset(&after, signal);
  }
}

// One look at all threads, asking those that have not been asked: who is still to answer.
struct Look {
  bool waiting = false;         // some take the signal, and answer at any moment
  std::vector<pid_t> blocking;  // these block it
};

Look LookAround(uint64_t mask, int signal) {
  Look look;
  for (const Thread& thread : OtherThreads()) {
    const bool blocks = (thread.blocked & Bit(signal)) != 0;
    const bool asked = (thread.pending & Bit(signal)) != 0;
    if (!blocks && !asked && (mask & ~thread.blocked) == 0) continue;
    if (!asked) syscall(SYS_tgkill, getpid(), thread.id, signal);
    if (asked && blocks) {
      look.blocking.push_back(thread.id);
    } else {
      look.waiting = true;
    }
  }
  return look;
}

void Pause() {
  const timespec time{0, kPause};
  nanosleep(&time, nullptr);
}

}  // namespace

sigset_t ToSigset(uint64_t mask) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal = 1; signal <= kSignals; signal++) {
    if ((mask & Bit(signal)) != 0) sigaddset(&set, signal);
  }
  return set;
}

uint64_t FromSigset(const sigset_t& set) {
  uint64_t mask = 0;
  for (int signal = 1; signal <= kSignals; signal++) {
    if (sigismember(&set, signal) == 1) mask |= Bit(signal);
  }
  return mask;
}

int ClaimSignal(void (*handler)(int, siginfo_t*, void*)) {
  for (int signal = SIGRTMAX - 3; signal >= SIGRTMIN; signal--) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    if (sigaction(signal, &action, nullptr) == 0) return signal;
  }
  return 0;
}

int BlockInOtherThreads(uint64_t mask) {
  static std::mutex one_at_a_time;
  static std::vector<pid_t> blocking_for_good;
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  static const int ask = ClaimSignal(Answer);
  if (ask == 0) return -EBUSY;
  const uint64_t blockable = FromSigset(ToSigset(mask)) & ~(Bit(SIGKILL) | Bit(SIGSTOP) | Bit(ask));
  wanted.fetch_or(blockable);
  Deadline limit(kLimit), patience(kPatience);
  for (;;) {
    Look look = LookAround(blockable, ask);
    const bool settled = look.blocking == blocking_for_good || patience.LeftMilliseconds() == 0;
    if (!look.waiting && settled) {
      blocking_for_good = std::move(look.blocking);
      return 0;
    }
    if (limit.LeftMilliseconds() == 0) return -EBUSY;
    Pause();
  }
}

}  // namespace posix_async
