// What was used, as JavaScript has it: of a process, and of one child that was waited for. See: man 2 getrusage, wait4
#ifndef POSIX_ASYNC_RUSAGE_H_
#define POSIX_ASYNC_RUSAGE_H_

#include <sys/resource.h>

#include "arguments.h"

namespace posix_async {

// In the order of ResourceUsage in sys-resource.ts.
using UsageFields = Room<double, 9>;

inline double Milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

inline void StoreUsage(const rusage& usage, const UsageFields& field) {
  field[0] = Milliseconds(usage.ru_utime);
  field[1] = Milliseconds(usage.ru_stime);
  field[2] = static_cast<double>(usage.ru_maxrss);
  field[3] = static_cast<double>(usage.ru_minflt);
  field[4] = static_cast<double>(usage.ru_majflt);
  field[5] = static_cast<double>(usage.ru_inblock);
  field[6] = static_cast<double>(usage.ru_oublock);
  field[7] = static_cast<double>(usage.ru_nvcsw);
  field[8] = static_cast<double>(usage.ru_nivcsw);
}

}  // namespace posix_async

#endif  // POSIX_ASYNC_RUSAGE_H_
