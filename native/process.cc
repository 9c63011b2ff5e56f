// Children and processes: sys/wait.h, sys/pidfd.h and sys/prctl.h. See: man 2 waitpid, waitid, pidfd_open,
// pidfd_send_signal, pidfd_getfd, prctl.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "binding.h"
#include "rusage.h"

#ifndef PIDFD_NONBLOCK
#define PIDFD_NONBLOCK O_NONBLOCK
#endif

namespace posix_async {
namespace {

// Linux 5.4; an enumerator in the glibc that has it, so no #ifdef can ask.
constexpr int kPidfd = 3;

// `status` is an Int32Array(1).
int Waitpid(int pid, Room<int> status, int options) {
  return Retry([&] { return waitpid(pid, status.data, options); });
}

int Wait4(int pid, Room<int> status, int options, UsageFields field) {
  rusage usage{};
  const int result = Retry([&] { return wait4(pid, status.data, options, &usage); });
  StoreUsage(usage, field);
  return result;
}

// `fields` is an Int32Array(4): pid, uid, code, status; pid stays 0 where WNOHANG found nothing.
int Waitid(int type, unsigned id, Room<int, 4> fields, int options) {
  siginfo_t found{};
  const int result = Retry([&] { return waitid(static_cast<idtype_t>(type), id, &found, options); });
  fields[0] = found.si_pid;
  fields[1] = static_cast<int>(found.si_uid);
  fields[2] = found.si_code;
  fields[3] = found.si_status;
  return result;
}

// By number: glibc wraps these three since 2.36 only.
int PidfdOpen(int pid, unsigned flags) {
  return Result([&] { return static_cast<int>(syscall(SYS_pidfd_open, pid, flags)); });
}

int PidfdSendSignal(int pidfd, int signal, unsigned flags) {
  return Result([&] { return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags)); });
}

int PidfdGetfd(int pidfd, int fd, unsigned flags) {
  return Result([&] { return static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, fd, flags)); });
}

// For operations whose one argument is a number.
int Prctl(int operation, unsigned argument) {
  return Result([&] { return prctl(operation, static_cast<unsigned long>(argument), 0UL, 0UL, 0UL); });
}

// For operations that fill an int.
int PrctlAsk(int operation, Room<int> answer) {
  return Result([&] { return prctl(operation, answer.data, 0UL, 0UL, 0UL); });
}

// The calling thread's name, of 16 bytes with the NUL at its end.
int SetName(std::string name) {
  return Result([&] { return prctl(PR_SET_NAME, name.c_str(), 0UL, 0UL, 0UL); });
}

std::string GetName() {
  char name[16] = "";
  prctl(PR_GET_NAME, name, 0UL, 0UL, 0UL);
  return name;
}

}  // namespace

void RegisterProcess(Exports& exports) {
  exports.Function<&Waitpid>("waitpid");
  exports.Function<&Wait4>("wait4");
  exports.Function<&Waitid>("waitid");
  exports.Function<&PidfdOpen>("pidfd_open");
  exports.Function<&PidfdSendSignal>("pidfd_send_signal");
  exports.Function<&PidfdGetfd>("pidfd_getfd");
  exports.Function<&Prctl>("prctl");
  exports.Function<&PrctlAsk>("prctl_ask");
  exports.Function<&SetName>("prctl_set_name");
  exports.Function<&GetName>("prctl_get_name");

  POSIX_ASYNC_CONSTANT(exports, WNOHANG);
  POSIX_ASYNC_CONSTANT(exports, WUNTRACED);
  POSIX_ASYNC_CONSTANT(exports, WCONTINUED);
  POSIX_ASYNC_CONSTANT(exports, WEXITED);
  POSIX_ASYNC_CONSTANT(exports, WSTOPPED);
  POSIX_ASYNC_CONSTANT(exports, WNOWAIT);
  POSIX_ASYNC_CONSTANT(exports, P_ALL);
  POSIX_ASYNC_CONSTANT(exports, P_PID);
  POSIX_ASYNC_CONSTANT(exports, P_PGID);
  exports.Constant("P_PIDFD", kPidfd);
  POSIX_ASYNC_CONSTANT(exports, CLD_EXITED);
  POSIX_ASYNC_CONSTANT(exports, CLD_KILLED);
  POSIX_ASYNC_CONSTANT(exports, CLD_DUMPED);
  POSIX_ASYNC_CONSTANT(exports, CLD_TRAPPED);
  POSIX_ASYNC_CONSTANT(exports, CLD_STOPPED);
  POSIX_ASYNC_CONSTANT(exports, CLD_CONTINUED);
  POSIX_ASYNC_CONSTANT(exports, PIDFD_NONBLOCK);
  POSIX_ASYNC_CONSTANT(exports, PR_GET_CHILD_SUBREAPER);
  POSIX_ASYNC_CONSTANT(exports, PR_GET_KEEPCAPS);
  POSIX_ASYNC_CONSTANT(exports, PR_GET_NAME);
  POSIX_ASYNC_CONSTANT(exports, PR_GET_PDEATHSIG);
  POSIX_ASYNC_CONSTANT(exports, PR_GET_THP_DISABLE);
  POSIX_ASYNC_CONSTANT(exports, PR_GET_TIMERSLACK);
  POSIX_ASYNC_CONSTANT(exports, PR_SET_CHILD_SUBREAPER);
  POSIX_ASYNC_CONSTANT(exports, PR_SET_KEEPCAPS);
  POSIX_ASYNC_CONSTANT(exports, PR_SET_NAME);
  POSIX_ASYNC_CONSTANT(exports, PR_SET_PDEATHSIG);
  POSIX_ASYNC_CONSTANT(exports, PR_SET_THP_DISABLE);
  POSIX_ASYNC_CONSTANT(exports, PR_SET_TIMERSLACK);
  POSIX_ASYNC_CONSTANT(exports, PR_SET_DUMPABLE);
  POSIX_ASYNC_CONSTANT(exports, PR_GET_DUMPABLE);
  POSIX_ASYNC_CONSTANT(exports, PR_SET_NO_NEW_PRIVS);
  POSIX_ASYNC_CONSTANT(exports, PR_GET_NO_NEW_PRIVS);
}

}  // namespace posix_async
