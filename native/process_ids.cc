// Who the process is: its numbers, users and groups. See: man 2 getpid, gettid, setsid, getuid, setuid, setresuid,
// getgroups; man 7 credentials. The set* functions are glibc's, which reach every thread of the process; the system
// calls alone change only the calling one. Threads that glibc does not reach see core/fork/old_number.h.
#include <grp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binding.h"
#include "core/fork/task_rights.h"
#include "core/fork/thread_calls.h"

namespace posix_async {
namespace {

// `id` is a Uint32Array(3): real, effective, saved.
int Getresuid(Room<uid_t, 3> id) {
  return Result([&] { return getresuid(&id[0], &id[1], &id[2]); });
}

int Getresgid(Room<gid_t, 3> id) {
  return Result([&] { return getresgid(&id[0], &id[1], &id[2]); });
}

// `groups` is a Uint32Array; an empty one asks for the count.
int Getgroups(Many<gid_t> groups) {
  return Result([&] { return getgroups(static_cast<int>(groups.count), groups.data); });
}

int Setgroups(Many<gid_t> groups) {
  return Result([&] { return setgroups(groups.count, groups.data); });
}

// PR_SET_NO_NEW_PRIVS, which prctl(2) sets for the calling thread only, in all of them.
int SetNoNewPrivileges() { return fork::CallOnEveryThread({SYS_prctl, {PR_SET_NO_NEW_PRIVS, 1}}); }

}  // namespace

void RegisterProcessIds(Exports& exports) {
  exports.Function<&::getpid>("getpid");
  exports.Function<&::getppid>("getppid");
  exports.Function<&::gettid>("gettid");
  exports.Function<&::getpgrp>("getpgrp");
  exports.Syscall<&::getpgid>("getpgid");
  exports.Syscall<&::setpgid>("setpgid");
  exports.Syscall<&::getsid>("getsid");
  exports.Syscall<&::setsid>("setsid");
  exports.Function<&::alarm>("alarm");

  exports.Function<&::getuid>("getuid");
  exports.Function<&::geteuid>("geteuid");
  exports.Function<&::getgid>("getgid");
  exports.Function<&::getegid>("getegid");
  exports.Function<&Getresuid>("getresuid");
  exports.Function<&Getresgid>("getresgid");
  exports.Function<&Getgroups>("getgroups");
  exports.Syscall<&::setuid>("setuid");
  exports.Syscall<&::seteuid>("seteuid");
  exports.Syscall<&::setresuid>("setresuid");
  exports.Syscall<&::setgid>("setgid");
  exports.Syscall<&::setegid>("setegid");
  exports.Syscall<&::setresgid>("setresgid");
  exports.Function<&Setgroups>("setgroups");
  exports.Function<&SetNoNewPrivileges>("setNoNewPrivileges");
  exports.Function<&fork::HasCapabilities>("hasCapabilities");
  exports.Function<&fork::FindTaskOfOtherRights>("findTaskOfOtherRights");
}

}  // namespace posix_async
