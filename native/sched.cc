// How processes and threads share the processors, and namespaces: sched.h, and getpriority of sys/resource.h. See: man
// 7 sched; man 2 sched_setscheduler, sched_setaffinity, getpriority, unshare, setns.
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "binding.h"

namespace posix_async {
namespace {

int SchedSetscheduler(int pid, int policy, int priority) {
  sched_param parameters{};
  parameters.sched_priority = priority;
  return Result([&] { return sched_setscheduler(pid, policy, &parameters); });
}

int SchedGetparam(int pid) {
  sched_param parameters{};
  const int result = Result([&] { return sched_getparam(pid, &parameters); });
  return result < 0 ? result : parameters.sched_priority;
}

// `cpus` is the bytes of a cpu_set_t.
int SchedSetaffinity(int pid, Room<uint8_t, sizeof(cpu_set_t)> cpus) {
  return Result([&] { return sched_setaffinity(pid, sizeof(cpu_set_t), reinterpret_cast<cpu_set_t*>(cpus.data)); });
}

int SchedGetaffinity(int pid, Room<uint8_t, sizeof(cpu_set_t)> cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int result = Result([&] { return sched_getaffinity(pid, sizeof(set), &set); });
  if (result == 0) std::copy_n(reinterpret_cast<uint8_t*>(&set), sizeof(set), cpus.data);
  return result;
}

// `priority` takes it: -1 may be a value or an error.
int Getpriority(int which, unsigned who, Room<int> priority) {
  errno = 0;
  priority[0] = getpriority(static_cast<__priority_which>(which), who);
  return -errno;
}

int Setpriority(int which, unsigned who, int priority) {
  return Result([&] { return setpriority(static_cast<__priority_which>(which), who, priority); });
}

}  // namespace

void RegisterSched(Exports& exports) {
  exports.Syscall<&::sched_yield>("sched_yield");
  exports.Syscall<&::sched_getcpu>("sched_getcpu");
  exports.Syscall<&::sched_getscheduler>("sched_getscheduler");
  exports.Syscall<&::sched_get_priority_min>("sched_get_priority_min");
  exports.Syscall<&::sched_get_priority_max>("sched_get_priority_max");
  exports.Function<&SchedSetscheduler>("sched_setscheduler");
  exports.Function<&SchedGetparam>("sched_getparam");
  exports.Function<&SchedSetaffinity>("sched_setaffinity");
  exports.Function<&SchedGetaffinity>("sched_getaffinity");
  exports.Function<&Getpriority>("getpriority");
  exports.Function<&Setpriority>("setpriority");
  exports.Syscall<&::unshare>("unshare_namespaces");
  exports.Syscall<&::setns>("setns");

  POSIX_ASYNC_CONSTANT(exports, CLONE_NEWCGROUP);
  POSIX_ASYNC_CONSTANT(exports, CLONE_NEWIPC);
  POSIX_ASYNC_CONSTANT(exports, CLONE_NEWNET);
  POSIX_ASYNC_CONSTANT(exports, CLONE_NEWUTS);
  POSIX_ASYNC_CONSTANT(exports, PRIO_PGRP);
  POSIX_ASYNC_CONSTANT(exports, PRIO_PROCESS);
  POSIX_ASYNC_CONSTANT(exports, PRIO_USER);
  POSIX_ASYNC_CONSTANT(exports, SCHED_BATCH);
  POSIX_ASYNC_CONSTANT(exports, SCHED_FIFO);
  POSIX_ASYNC_CONSTANT(exports, SCHED_IDLE);
  POSIX_ASYNC_CONSTANT(exports, SCHED_OTHER);
  POSIX_ASYNC_CONSTANT(exports, SCHED_RR);
}

}  // namespace posix_async
