// Only a thread itself can change its mask: each is sent a free real-time signal, whose handler edits the mask that the
// thread will have when it returns. See: man 7 signal, man 3 pthread_sigmask, man 5 proc (SigBlk).
#include "signal_mask.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <mutex>
#include <vector>

namespace posix_async {
namespace {

constexpr int kSignals = 64;
constexpr long kPauseNanoseconds = 20'000;
constexpr int kPauses = 50'000;  // about a second

// What the handler is to add, and the last thread whose handler has done so.
std::atomic<uint64_t> wanted{0};
std::atomic<pid_t> answered{0};

constexpr uint64_t Bit(int signal) { return uint64_t{1} << (signal - 1); }

pid_t ThisThread() { return static_cast<pid_t>(syscall(SYS_gettid)); }

struct Thread {
  pid_t id;
  uint64_t blocked;
};

// False where the thread has ended.
bool ReadBlocked(Thread& thread) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread.id);
  FILE* file = fopen(path, "re");
  if (file == nullptr) return false;
  char line[256];
  bool found = false;
  while (!found && fgets(line, sizeof line, file) != nullptr) {
    unsigned long long blocked = 0;
    found = sscanf(line, "SigBlk: %llx", &blocked) == 1;
    thread.blocked = blocked;
  }
  fclose(file);
  return found;
}

// The other threads that do not block all of `mask` yet.
std::vector<Thread> ThreadsWithout(uint64_t mask) {
  std::vector<Thread> threads;
  DIR* folder = opendir("/proc/self/task");
  if (folder == nullptr) return threads;
  const pid_t self = ThisThread();
  while (const dirent* entry = readdir(folder)) {
    Thread thread{atoi(entry->d_name), 0};
    if (thread.id > 0 && thread.id != self && ReadBlocked(thread) && (mask & ~thread.blocked) != 0) {
      threads.push_back(thread);
    }
  }
  closedir(folder);
  return threads;
}

// A real-time signal that nobody handles, that `mask` leaves alone and that all of `threads` would take; 0 if there is
// none.
int FreeSignal(uint64_t mask, const std::vector<Thread>& threads) {
  uint64_t taken = mask;
  for (const Thread& thread : threads) taken |= thread.blocked;
  for (int signal = SIGRTMAX; signal >= SIGRTMIN; signal--) {
    struct sigaction action {};
    if ((taken & Bit(signal)) == 0 && sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
      return signal;
    }
  }
  return 0;
}

// On the thread that is to block more. `wanted` is in the handler's own mask too, so that there is no gap.
void Answer(int, siginfo_t*, void* context) {
  const int saved_errno = errno;
  const uint64_t mask = wanted.load();
  sigset_t& after = static_cast<ucontext_t*>(context)->uc_sigmask;
  for (int signal = 1; signal <= kSignals; signal++) {
    if ((mask & Bit(signal)) != 0) sigaddset(&after, signal);
  }
  answered.store(ThisThread());
  errno = saved_errno;
}

// Installs the handler for its lifetime. A request that was never taken is thrown away before the default, which is to
// die of it, is back.
class Handler {
 public:
  Handler(int signal, uint64_t mask) : signal_(signal) {
    struct sigaction action {};
    action.sa_sigaction = Answer;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    action.sa_mask = ToSigset(mask);
    sigaction(signal_, &action, nullptr);
  }
  ~Handler() {
    ::signal(signal_, SIG_IGN);
    ::signal(signal_, SIG_DFL);
  }
  Handler(const Handler&) = delete;

 private:
  int signal_;
};

// True when the thread has done it, or has ended.
bool Ask(const Thread& thread, int signal) {
  answered.store(0);
  const pid_t process = getpid();
  if (syscall(SYS_tgkill, process, thread.id, signal) != 0) return errno == ESRCH;
  for (int pause = 0; pause < kPauses; pause++) {
    if (answered.load() == thread.id || syscall(SYS_tgkill, process, thread.id, 0) != 0) return true;
    const timespec time{0, kPauseNanoseconds};
    nanosleep(&time, nullptr);
  }
  return false;
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

int BlockInOtherThreads(uint64_t mask) {
  static std::mutex one_at_a_time;
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  const uint64_t blockable = FromSigset(ToSigset(mask)) & ~(Bit(SIGKILL) | Bit(SIGSTOP));
  wanted.store(blockable);
  // Until a look finds none: a thread not asked yet may have made another meanwhile.
  for (auto threads = ThreadsWithout(blockable); !threads.empty(); threads = ThreadsWithout(blockable)) {
    const int signal = FreeSignal(blockable, threads);
    if (signal == 0) return -EBUSY;
    const Handler handler(signal, blockable);
    for (const Thread& thread : threads) {
      if (!Ask(thread, signal)) return -EBUSY;
    }
  }
  return 0;
}

}  // namespace posix_async
