// A thread is asked by a real-time signal, in whose handler it makes the call.
//
// The facts it rests on: users, groups, capabilities and no_new_privs belong to the task, and the kernel lets a task
// change its own only; and a signal that is sent to a task by its number reaches that task and no other. A signal that
// nobody asked for finds nothing to do: the handler looks at what was asked and not at what came with the signal. See:
// man 2 tgkill, man 7 credentials, man 7 nptl.
#include "thread_calls.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <mutex>
#include <vector>

#include "core/base/deadline.h"
#include "core/base/signal_mask.h"
#include "tasks.h"

namespace posix_async::fork {
namespace {

constexpr double kLimit = 1000;  // milliseconds

// What is asked at the time, of at most so many threads.
struct Asked {
  std::atomic<pid_t> thread{0};  // 0: nobody, or it has begun
  std::atomic<int> result{0};
  std::atomic<bool> is_done{false};
};
Asked asked[64];
ThreadCall wanted;
std::atomic<uint32_t> answers{0};

long Futex(int operation, uint32_t value, const timespec* timeout = nullptr) {
  return syscall(SYS_futex, &answers, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
}

int Make(const ThreadCall& call) {
  const long* given = call.arguments;
  return syscall(call.number, given[0], given[1], given[2], given[3], given[4]) < 0 ? -errno : 0;
}

void Answer(int, siginfo_t*, void*) {
  const int saved_errno = errno;
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  for (Asked& one : asked) {
    pid_t expected = self;
    if (!one.thread.compare_exchange_strong(expected, 0)) continue;
    one.result = Make(wanted);
    one.is_done = true;
    answers.fetch_add(1);
    Futex(FUTEX_WAKE, 1);
  }
  errno = saved_errno;
}

bool IsHelperOfKernel(pid_t thread) {
  char name[16];
  return ReadTaskFile(thread, "comm", name, sizeof name) > 0 && strncmp(name, "iou-", 4) == 0;
}

bool Exists(pid_t thread) { return syscall(SYS_tgkill, getpid(), thread, 0) == 0; }

// Waits until each has answered or ended. False: one does neither.
bool AwaitAnswers(const pid_t* threads, size_t count) {
  constexpr timespec kMoment = {0, 5'000'000};
  Deadline limit(kLimit);
  for (;;) {
    const uint32_t seen = answers.load();
    bool all = true;
    for (size_t i = 0; i < count; i++) all &= asked[i].is_done.load() || !Exists(threads[i]);
    if (all) return true;
    if (limit.LeftMilliseconds() == 0) return false;
    Futex(FUTEX_WAIT, seen, &kMoment);
  }
}

int AskSome(int signal, const pid_t* threads, size_t count) {
  for (size_t i = 0; i < count; i++) {
    asked[i].result = 0;
    asked[i].is_done = false;
    asked[i].thread = threads[i];
  }
  for (size_t i = 0; i < count; i++) syscall(SYS_tgkill, getpid(), threads[i], signal);
  int error = AwaitAnswers(threads, count) ? 0 : -EBUSY;
  for (size_t i = 0; i < count; i++) {
    asked[i].thread = 0;
    if (error == 0) error = asked[i].result;
  }
  return error;
}

}  // namespace

int HaveThreadsCall(const pid_t* threads, size_t count, const ThreadCall& call) {
  static std::mutex one_at_a_time;
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  static const int signal = ClaimSignal(Answer);
  if (signal == 0) return -EBUSY;
  wanted = call;
  for (size_t at = 0; at < count; at += std::size(asked)) {
    const int error = AskSome(signal, threads + at, std::min(count - at, std::size(asked)));
    if (error != 0) return error;
  }
  return 0;
}

int CallOnEveryThread(const ThreadCall& call) {
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  std::vector<pid_t> others;
  const int error = ForEachTask([&](pid_t thread) {
    if (thread != self && !IsHelperOfKernel(thread)) others.push_back(thread);
    return true;
  });
  if (error != 0) return error;
  const int result = HaveThreadsCall(others.data(), others.size(), call);
  return result != 0 ? result : Make(call);
}

}  // namespace posix_async::fork
