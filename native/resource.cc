// Limits and use of resources: sys/resource.h. See: man 2 prlimit, getrusage.
#include <sys/resource.h>
#include <sys/time.h>

#include "binding.h"

namespace posix_async {
namespace {

// `wanted` (empty: none is set) and `old` are BigUint64Array(2): soft and hard.
int Prlimit(int pid, int resource, RoomOrNone<rlimit64> wanted, Room<rlimit64> old) {
  return Result([&] { return prlimit64(pid, static_cast<__rlimit_resource>(resource), wanted.data, old.data); });
}

double Milliseconds(const timeval& time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; }

// `field` is a Float64Array(9), in the order of getrusage in sys-resource.ts.
int Getrusage(int who, Room<double, 9> field) {
  rusage usage{};
  const int result = Result([&] { return getrusage(static_cast<__rusage_who>(who), &usage); });
  field[0] = Milliseconds(usage.ru_utime);
  field[1] = Milliseconds(usage.ru_stime);
  field[2] = static_cast<double>(usage.ru_maxrss);
  field[3] = static_cast<double>(usage.ru_minflt);
  field[4] = static_cast<double>(usage.ru_majflt);
  field[5] = static_cast<double>(usage.ru_inblock);
  field[6] = static_cast<double>(usage.ru_oublock);
  field[7] = static_cast<double>(usage.ru_nvcsw);
  field[8] = static_cast<double>(usage.ru_nivcsw);
  return result;
}

}  // namespace

void RegisterResource(Exports& exports) {
  exports.Function<&Prlimit>("prlimit");
  exports.Function<&Getrusage>("getrusage");

  POSIX_ASYNC_CONSTANT(exports, RLIMIT_AS);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_CORE);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_CPU);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_DATA);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_FSIZE);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_MEMLOCK);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_MSGQUEUE);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_NICE);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_NOFILE);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_NPROC);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_RSS);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_RTPRIO);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_RTTIME);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_SIGPENDING);
  POSIX_ASYNC_CONSTANT(exports, RLIMIT_STACK);
  POSIX_ASYNC_CONSTANT(exports, RUSAGE_CHILDREN);
  POSIX_ASYNC_CONSTANT(exports, RUSAGE_SELF);
  POSIX_ASYNC_CONSTANT(exports, RUSAGE_THREAD);
}

}  // namespace posix_async
