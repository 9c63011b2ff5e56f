// Signals: signal.h. See: man 2 kill, tgkill, sigaction, man 3 sigqueue, raise, pthread_sigmask, man 2 sigpending,
// sigtimedwait, sigsuspend, man 3 strsignal.
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binding.h"
#include "core/base/deadline.h"
#include "core/base/signal_mask.h"

namespace posix_async {
namespace {

// A set is a BigUint64Array(1) in which signal n is bit n - 1; one of no length stands for C's null.
using Set = Room<uint64_t>;
using SetOrNone = RoomOrNone<uint64_t>;

int PthreadSigmask(int how, SetOrNone set, Set old) {
  sigset_t before;
  const sigset_t signals = ToSigset(set.data == nullptr ? 0 : set[0]);
  const int error = pthread_sigmask(how, set.data == nullptr ? nullptr : &signals, &before);
  if (error == 0) old[0] = FromSigset(before);
  return -error;
}

int BlockElsewhere(Set set) { return BlockInOtherThreads(set[0]); }

int Sigpending(Set set) {
  sigset_t pending;
  const int result = Result([&] { return sigpending(&pending); });
  if (result == 0) set[0] = FromSigset(pending);
  return result;
}

int Sigqueue(int pid, int signal, int value) {
  sigval with{};
  with.sival_int = value;
  return Result([&] { return sigqueue(pid, signal, with); });
}

// 0 SIG_DFL, 1 SIG_IGN, as their C values are; 2 where a function handled the signal.
int Signal(int signal, int disposition) {
  struct sigaction action {
  }, before{};
  action.sa_handler = disposition == 0 ? SIG_DFL : SIG_IGN;
  const int result = Result([&] { return sigaction(signal, &action, &before); });
  if (result < 0) return result;
  return before.sa_handler == SIG_DFL ? 0 : before.sa_handler == SIG_IGN ? 1 : 2;
}

// `disposition` and `flags` -1: as they are; of the flags only those in `changeable` change. `found` takes what it was
// (as Signal gives it) and its flags, `mask` what the handler blocks.
int Sigaction(int signal, int disposition, int flags, int changeable, Room<int, 2> found, Set mask) {
  struct sigaction action {};
  int result = Result([&] { return sigaction(signal, nullptr, &action); });
  if (result < 0) return result;
  found[0] = action.sa_handler == SIG_DFL ? 0 : action.sa_handler == SIG_IGN ? 1 : 2;
  found[1] = action.sa_flags;
  mask[0] = FromSigset(action.sa_mask);
  if (disposition < 0 && flags < 0) return 0;
  if (disposition >= 0) {
    action.sa_flags &= changeable;  // those of a handler of another kind are not for this one
    action.sa_handler = disposition == 0 ? SIG_DFL : SIG_IGN;
    sigemptyset(&action.sa_mask);
  }
  if (flags >= 0) action.sa_flags = (action.sa_flags & ~changeable) | flags;
  return Result([&] { return sigaction(signal, &action, nullptr); });
}

// 0 when a signal was handled.
int Sigsuspend(Set set) {
  const sigset_t signals = ToSigset(set[0]);
  const int result = Result([&] { return sigsuspend(&signals); });
  return result == -EINTR ? 0 : result;
}

// By number: glibc wraps it since 2.30.
int Tgkill(int process, int thread, int signal) {
  return Result([&] { return static_cast<int>(syscall(SYS_tgkill, process, thread, signal)); });
}

std::string Strsignal(int signal) { return strsignal(signal); }

// With sigaction, as siginterrupt(3) itself is deprecated in the C library.
int Siginterrupt(int signal, bool interrupts) {
  struct sigaction action {};
  const int result = Result([&] { return sigaction(signal, nullptr, &action); });
  if (result < 0) return result;
  action.sa_flags = interrupts ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
  return Result([&] { return sigaction(signal, &action, nullptr); });
}

// `milliseconds` negative: without end. `fields` is an Int32Array(4): code, pid, uid, int. Gives the signal.
int Sigtimedwait(Set set, double milliseconds, Room<int, 4> fields) {
  const sigset_t signals = ToSigset(set[0]);
  Deadline deadline(milliseconds);
  siginfo_t found{};
  int result;
  do {
    const timespec* left = deadline.Left();
    result = Result([&] { return sigtimedwait(&signals, &found, left); });
  } while (result == -EINTR);
  fields[0] = found.si_code;
  fields[1] = found.si_pid;
  fields[2] = static_cast<int>(found.si_uid);
  fields[3] = found.si_value.sival_int;
  return result;
}

}  // namespace

void RegisterSignal(Exports& exports) {
  exports.Syscall<&::kill>("kill");
  exports.Syscall<&::raise>("raise");
  exports.Function<&Sigqueue>("sigqueue");
  exports.Function<&PthreadSigmask>("pthread_sigmask");
  exports.Function<&BlockElsewhere>("block_in_other_threads");
  exports.Function<&Sigpending>("sigpending");
  exports.Function<&Sigtimedwait>("sigtimedwait");
  exports.Function<&Signal>("signal");
  exports.Function<&Siginterrupt>("siginterrupt");
  exports.Function<&Sigaction>("sigaction");
  exports.Function<&Sigsuspend>("sigsuspend");
  exports.Function<&Tgkill>("tgkill");
  exports.Function<&Strsignal>("strsignal");

  exports.Constant("SIGRTMIN", SIGRTMIN);
  exports.Constant("SIGRTMAX", SIGRTMAX);
  POSIX_ASYNC_CONSTANT(exports, SA_NOCLDSTOP);
  POSIX_ASYNC_CONSTANT(exports, SA_NOCLDWAIT);
  POSIX_ASYNC_CONSTANT(exports, SA_RESTART);
  POSIX_ASYNC_CONSTANT(exports, SIG_BLOCK);
  POSIX_ASYNC_CONSTANT(exports, SIG_UNBLOCK);
  POSIX_ASYNC_CONSTANT(exports, SIG_SETMASK);
  POSIX_ASYNC_CONSTANT(exports, SI_USER);
  POSIX_ASYNC_CONSTANT(exports, SI_KERNEL);
  POSIX_ASYNC_CONSTANT(exports, SI_QUEUE);
  POSIX_ASYNC_CONSTANT(exports, SI_TIMER);
  POSIX_ASYNC_CONSTANT(exports, SI_MESGQ);
  POSIX_ASYNC_CONSTANT(exports, SI_ASYNCIO);
  POSIX_ASYNC_CONSTANT(exports, SI_TKILL);
}

}  // namespace posix_async
