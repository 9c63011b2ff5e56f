// Events as descriptors: sys/eventfd.h, sys/timerfd.h, sys/signalfd.h, and the clocks. Read with read(2) like any
// other. See: man 2 eventfd, timerfd_create, signalfd, clock_gettime.
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "binding.h"
#include "core/base/signal_mask.h"
#include "core/base/timespec.h"

namespace posix_async {
namespace {

// `setting` is a Float64Array(2): value, interval.
void Store(const Room<double, 2>& setting, const itimerspec& timer) {
  setting[0] = ToMilliseconds(timer.it_value);
  setting[1] = ToMilliseconds(timer.it_interval);
}

int TimerfdSettime(int fd, int flags, double value, double interval, Room<double, 2> old) {
  const itimerspec timer{ToTimespec(interval), ToTimespec(value)};
  itimerspec before{};
  const int result = Result([&] { return timerfd_settime(fd, flags, &timer, &before); });
  Store(old, before);
  return result;
}

int TimerfdGettime(int fd, Room<double, 2> setting) {
  itimerspec timer{};
  const int result = Result([&] { return timerfd_gettime(fd, &timer); });
  Store(setting, timer);
  return result;
}

// `mask` is a BigUint64Array(1) in which signal n is bit n - 1.
int Signalfd(int fd, Room<uint64_t> mask, int flags) {
  const sigset_t signals = ToSigset(mask[0]);
  return Result([&] { return signalfd(fd, &signals, flags); });
}

// `time` is a Float64Array(1) that takes milliseconds.
int ClockGettime(int clock, Room<double> time) {
  timespec now{};
  const int result = Result([&] { return clock_gettime(clock, &now); });
  time[0] = ToMilliseconds(now);
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
