// Events as descriptors: sys/eventfd.h, sys/timerfd.h, sys/signalfd.h, and the clocks. Read with read(2) like any
// other. See: man 2 eventfd, timerfd_create, signalfd, clock_gettime.
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include <cstring>

#include "binding.h"
#include "core/base/signal_mask.h"
#include "core/base/timespec.h"

namespace posix_async {
namespace {

// `setting` is a Float64Array(2): value, interval.
void Store(Bytes setting, const itimerspec& timer) {
  const double fields[] = {ToMilliseconds(timer.it_value), ToMilliseconds(timer.it_interval)};
  memcpy(setting.data, fields, sizeof fields);
}

int TimerfdSettime(int fd, int flags, double value, double interval, Bytes old) {
  const itimerspec timer{ToTimespec(interval), ToTimespec(value)};
  itimerspec before{};
  const int result = Result([&] { return timerfd_settime(fd, flags, &timer, &before); });
  Store(old, before);
  return result;
}

int TimerfdGettime(int fd, Bytes setting) {
  itimerspec timer{};
  const int result = Result([&] { return timerfd_gettime(fd, &timer); });
  Store(setting, timer);
  return result;
}

// `mask` is a BigUint64Array(1) in which signal n is bit n - 1.
int Signalfd(int fd, Bytes mask, int flags) {
  uint64_t bits = 0;
  memcpy(&bits, mask.data, sizeof bits);
  const sigset_t signals = ToSigset(bits);
  return Result([&] { return signalfd(fd, &signals, flags); });
}

// `time` is a Float64Array(1) that takes milliseconds.
int ClockGettime(int clock, Bytes time) {
  timespec now{};
  const int result = Result([&] { return clock_gettime(clock, &now); });
  const double milliseconds = ToMilliseconds(now);
  memcpy(time.data, &milliseconds, sizeof milliseconds);
  return result;
}

}  // namespace

void RegisterEventFd(Exports& exports) {
  exports.Syscall<&::eventfd>("eventfd");
  exports.Syscall<&::timerfd_create>("timerfd_create");
  exports.Function<&TimerfdSettime>("timerfd_settime");
  exports.Function<&TimerfdGettime>("timerfd_gettime");
  exports.Function<&Signalfd>("signalfd");
  exports.Function<&ClockGettime>("clock_gettime");

  POSIX_ASYNC_CONSTANT(exports, EFD_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, EFD_NONBLOCK);
  POSIX_ASYNC_CONSTANT(exports, EFD_SEMAPHORE);
  POSIX_ASYNC_CONSTANT(exports, TFD_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, TFD_NONBLOCK);
  POSIX_ASYNC_CONSTANT(exports, TFD_TIMER_ABSTIME);
  POSIX_ASYNC_CONSTANT(exports, TFD_TIMER_CANCEL_ON_SET);
  POSIX_ASYNC_CONSTANT(exports, SFD_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, SFD_NONBLOCK);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_REALTIME);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_MONOTONIC);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_BOOTTIME);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_REALTIME_ALARM);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_BOOTTIME_ALARM);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_PROCESS_CPUTIME_ID);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_THREAD_CPUTIME_ID);
}

}  // namespace posix_async
