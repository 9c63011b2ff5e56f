// Signals: signal.h. See: man 2 kill, sigaction, man 3 sigqueue, raise, pthread_sigmask, man 2 sigpending,
// sigtimedwait.
#include <signal.h>

#include <cstring>

#include "binding.h"
#include "core/base/deadline.h"
#include "core/base/signal_mask.h"

namespace posix_async {
namespace {

// A set is a BigUint64Array(1) in which signal n is bit n - 1; one of no length stands for C's null.
uint64_t Load(Bytes set) {
  uint64_t mask = 0;
  memcpy(&mask, set.data, sizeof mask);
  return mask;
}

void Store(Bytes set, const sigset_t& signals) {
  const uint64_t mask = FromSigset(signals);
  memcpy(set.data, &mask, sizeof mask);
}

int PthreadSigmask(int how, Bytes set, Bytes old) {
  sigset_t before;
  const sigset_t signals = ToSigset(set.size == 0 ? 0 : Load(set));
  const int error = pthread_sigmask(how, set.size == 0 ? nullptr : &signals, &before);
  if (error == 0) Store(old, before);
  return -error;
}

int BlockElsewhere(Bytes set) { return BlockInOtherThreads(Load(set)); }

int Sigpending(Bytes set) {
  sigset_t pending;
  const int result = Result([&] { return sigpending(&pending); });
  if (result == 0) Store(set, pending);
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

// With sigaction, as siginterrupt(3) itself is deprecated in the C library.
int Siginterrupt(int signal, bool interrupts) {
  struct sigaction action {};
  const int result = Result([&] { return sigaction(signal, nullptr, &action); });
  if (result < 0) return result;
  action.sa_flags = interrupts ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
  return Result([&] { return sigaction(signal, &action, nullptr); });
}

// `milliseconds` negative: without end. `info` is an Int32Array(4): code, pid, uid, int. Gives the signal.
int Sigtimedwait(Bytes set, double milliseconds, Bytes info) {
  const sigset_t signals = ToSigset(Load(set));
  Deadline deadline(milliseconds);
  siginfo_t found{};
  int result;
  do {
    const timespec* left = deadline.Left();
    result = Result([&] { return sigtimedwait(&signals, &found, left); });
  } while (result == -EINTR);
  const int fields[] = {found.si_code, found.si_pid, static_cast<int>(found.si_uid), found.si_value.sival_int};
  memcpy(info.data, fields, sizeof fields);
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

  exports.Constant("SIGRTMIN", SIGRTMIN);
  exports.Constant("SIGRTMAX", SIGRTMAX);
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
