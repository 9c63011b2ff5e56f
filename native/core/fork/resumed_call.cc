// How a call that gave EINTR goes on.
//
// The facts it rests on: of a poll, a sleep and a wait on a futex the kernel keeps for the thread when it is to end,
// and restart_syscall(2) goes on with it, as the kernel does itself where a signal has no handler; it forgets that only
// when the handler returns. Of select, pselect and ppoll it has written what is left of the time to where the limit
// stood. Calls without a limit, or with a point in time, are made again. How much is left to the others (epoll_wait,
// sigtimedwait, semtimedop, io_getevents, and those of sockets with SO_RCVTIMEO) nobody knows, unless they were begun a
// moment ago: when the thread was looked at it was in no such call. A signal with a handler that came meanwhile
// interrupts the call as it would have: ppoll(2) with no descriptor and no time tells. See: man 7 signal, man 2
// restart_syscall, ppoll.
#include "resumed_call.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iterator>

namespace posix_async::fork {
namespace {

enum class How { kNotAtAll, kAgain, kRestart };

// A call with a limit in this argument, which counts from its beginning.
constexpr How UnlessLimited(bool is_limited, bool is_fresh) {
  return is_limited && !is_fresh ? How::kNotAtAll : How::kAgain;
}

How HowToGoOn(const Wait& made, bool is_fresh) {
  constexpr long kWithTime = 1 << 3;  // IORING_ENTER_EXT_ARG
  const long* arguments = made.arguments;
  switch (made.number) {
#if defined(__x86_64__)
    case SYS_poll:
#endif
    case SYS_nanosleep:
    case SYS_futex:
      return How::kRestart;
    case SYS_clock_nanosleep:
      return (arguments[1] & TIMER_ABSTIME) != 0 ? How::kAgain : How::kRestart;
#if defined(__x86_64__)
    case SYS_select:
    case SYS_pause:
#endif
    case SYS_pselect6:
    case SYS_ppoll:
    case SYS_rt_sigsuspend:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_semop:
    case SYS_mq_timedreceive:
    case SYS_mq_timedsend:
      return How::kAgain;
#if defined(__x86_64__)
    case SYS_epoll_wait:
#endif
    case SYS_epoll_pwait:
      return UnlessLimited(static_cast<int>(arguments[3]) > 0, is_fresh);
    case SYS_rt_sigtimedwait:
      return UnlessLimited(arguments[2] != 0, is_fresh);
    case SYS_epoll_pwait2:
    case SYS_semtimedop:
      return UnlessLimited(arguments[3] != 0, is_fresh);
    case SYS_io_getevents:
    case SYS_io_pgetevents:
      return UnlessLimited(arguments[4] != 0, is_fresh);
    case SYS_io_uring_enter:
      return arguments[1] != 0 ? How::kNotAtAll : UnlessLimited((arguments[3] & kWithTime) != 0, is_fresh);
    case SYS_read:
    case SYS_readv:
    case SYS_write:
    case SYS_writev:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
      return UnlessLimited(true, is_fresh);
    default:
      return How::kNotAtAll;
  }
}

// The option of sockets that limits the time of a call; 0: it is no call of sockets.
int LimitOf(long number) {
  switch (number) {
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_accept:
    case SYS_accept4:
      return SO_RCVTIMEO;
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_connect:
      return SO_SNDTIMEO;
    default:
      return 0;
  }
}

bool HasLimit(int socket, int option) {
  timeval time = {0, 0};
  socklen_t size = sizeof time;
  return getsockopt(socket, SOL_SOCKET, option, &time, &size) == 0 && (time.tv_sec != 0 || time.tv_usec != 0);
}

// Whether a handler ran when the thread could take signals for a moment.
bool WasInterrupted(const sigset_t& mask) {
  timespec none = {0, 0};
  return syscall(SYS_ppoll, nullptr, 0, &none, &mask, sizeof(uint64_t)) < 0 && errno == EINTR;
}

}  // namespace

bool HasUnknownRest(const CallLook& look) {
  Wait made{look.number, {}};
  std::copy(std::begin(look.arguments), std::end(look.arguments), made.arguments);
  if (HowToGoOn(made, false) != How::kNotAtAll || HowToGoOn(made, true) == How::kNotAtAll) return false;
  const int option = LimitOf(look.number);
  return option == 0 || HasLimit(static_cast<int>(look.arguments[0]), option) ||
         (look.number == SYS_recvmmsg && look.arguments[4] != 0);
}

bool ResumingCall(const ucontext_t& context, Interrupted call, const CallLook& look, Wait* wait) {
  const bool gave_eintr =
      call == Interrupted::kOutside || call == Interrupted::kTimedWait || call == Interrupted::kBackOff;
  if (!gave_eintr) return false;
  const bool is_known = IsTheCall(context, look), is_fresh = !is_known || look.is_recent;
  bool is_whole = true;
  if (is_known) {
    wait->number = look.number;
    std::copy(std::begin(look.arguments), std::end(look.arguments), wait->arguments);
  } else {
    is_whole = CallOf(context, wait);
    if (call == Interrupted::kTimedWait) wait->number = SYS_futex;
  }
  const How how = HowToGoOn(*wait, is_fresh);
  if (how == How::kRestart) wait->number = SYS_restart_syscall;
  return how == How::kRestart || (how == How::kAgain && is_whole);
}

long Resume(const Wait& wait, const sigset_t& mask, Interrupted call) {
  const bool was_interrupted = call != Interrupted::kFutex && WasInterrupted(mask);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  if (was_interrupted) return -EINTR;
  const long* arguments = wait.arguments;
  const long outcome =
      syscall(wait.number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
  if (outcome >= 0) return outcome;
  const bool is_refused = wait.number == SYS_restart_syscall && (errno == ENOSYS || errno == EPERM);
  return is_refused ? -EINTR : -errno;
}

void WaitAgain(ucontext_t* context, const CallLook& look) {
  if (InterruptedCall(*context) != Interrupted::kTimedWait) return;
  Wait made;
  const bool is_whole = CallOf(*context, &made);
  const bool is_known = !is_whole && IsTheCall(*context, look);
  const long command = made.arguments[1] & FUTEX_CMD_MASK;
  const bool is_to_a_point = command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI;
  if (is_to_a_point && (is_whole || is_known))
    MakeAgain(context, SYS_futex, is_known ? look.arguments[0] : made.arguments[0]);
}

}  // namespace posix_async::fork
