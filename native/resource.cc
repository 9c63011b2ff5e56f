// Limits and use of resources: sys/resource.h. See: man 2 prlimit, getrusage.
#include <sys/resource.h>
#include <sys/time.h>

#include "binding.h"
#include "rusage.h"

namespace posix_async {
namespace {

// `wanted` (empty: none is set) and `old` are BigUint64Array(2): soft and hard.
int Prlimit(int pid, int resource, RoomOrNone<rlimit64> wanted, Room<rlimit64> old) {
  return Result([&] { return prlimit64(pid, static_cast<__rlimit_resource>(resource), wanted.data, old.data); });
}

int Getrusage(int who, UsageFields field) {
  rusage usage{};
  const int result = Result([&] { return getrusage(static_cast<__rusage_who>(who), &usage); });
  StoreUsage(usage, field);
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
