// Clocks, sleeping, and timers that send signals: time.h, sys/time.h. See: man 2 clock_getres, clock_nanosleep,
// setitimer, timer_create, timer_settime, timer_getoverrun, timer_delete.
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "binding.h"
#include "core/base/timespec.h"

namespace posix_async {
namespace {

// `time` is a Float64Array(1) that takes milliseconds.
int ClockGetres(int clock, Room<double> time) {
  timespec resolution{};
  const int result = Result([&] { return clock_getres(clock, &resolution); });
  time[0] = ToMilliseconds(resolution);
  return result;
}

// Until `milliseconds` of the clock with TIMER_ABSTIME, for so long without it. Goes on after a signal.
int ClockNanosleep(int clock, int flags, double milliseconds) {
  timespec wanted = ToTimespec(milliseconds), left{};
  for (;;) {
    const int error = clock_nanosleep(clock, flags, &wanted, &left);
    if (error != EINTR) return -error;
    if ((flags & TIMER_ABSTIME) == 0) wanted = left;
  }
}

timeval ToTimeval(double milliseconds) {
  const timespec time = ToTimespec(milliseconds);
  // Rounded up: what is more than none is not to become none.
  const long micros = (time.tv_nsec + 999) / 1000;
  return {time.tv_sec + micros / 1000000, micros % 1000000};
}

double Milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

// `old` is a Float64Array(2): value, interval. Only asks where `sets` is false.
int Itimer(int which, bool sets, double value, double interval, Room<double, 2> old) {
  const itimerval wanted{ToTimeval(interval), ToTimeval(value)};
  itimerval before{};
  const auto kind = static_cast<__itimer_which_t>(which);
  const int result = Result([&] { return sets ? setitimer(kind, &wanted, &before) : getitimer(kind, &before); });
  old[0] = Milliseconds(before.it_value);
  old[1] = Milliseconds(before.it_interval);
  return result;
}

// By number, these five: the C library's timers are pointers to what it keeps of them. `tid` 0: the process's signal.
int TimerCreate(int clock, int signal, int value, int tid) {
  sigevent event{};
  event.sigev_notify = signal == 0 ? SIGEV_NONE : tid == 0 ? SIGEV_SIGNAL : SIGEV_THREAD_ID;
  event.sigev_signo = signal;
  event.sigev_value.sival_int = value;
  event._sigev_un._tid = tid;
  int id = 0;
  const int result = Result([&] { return static_cast<int>(syscall(SYS_timer_create, clock, &event, &id)); });
  return result < 0 ? result : id;
}

void Store(const Room<double, 2>& setting, const itimerspec& timer) {
  setting[0] = ToMilliseconds(timer.it_value);
  setting[1] = ToMilliseconds(timer.it_interval);
}

int TimerSettime(int id, int flags, double value, double interval, Room<double, 2> old) {
  const itimerspec wanted{ToTimespec(interval), ToTimespec(value)};
  itimerspec before{};
  const int result = Result([&] { return static_cast<int>(syscall(SYS_timer_settime, id, flags, &wanted, &before)); });
  Store(old, before);
  return result;
}

int TimerGettime(int id, Room<double, 2> setting) {
  itimerspec timer{};
  const int result = Result([&] { return static_cast<int>(syscall(SYS_timer_gettime, id, &timer)); });
  Store(setting, timer);
  return result;
}

int TimerGetoverrun(int id) {
  return Result([&] { return static_cast<int>(syscall(SYS_timer_getoverrun, id)); });
}

int TimerDelete(int id) {
  return Result([&] { return static_cast<int>(syscall(SYS_timer_delete, id)); });
}

}  // namespace

void RegisterClock(Exports& exports) {
  exports.Function<&ClockGetres>("clock_getres");
  exports.Function<&ClockNanosleep>("clock_nanosleep");
  exports.Function<&Itimer>("itimer");
  exports.Function<&TimerCreate>("timer_create");
  exports.Function<&TimerSettime>("timer_settime");
  exports.Function<&TimerGettime>("timer_gettime");
  exports.Function<&TimerGetoverrun>("timer_getoverrun");
  exports.Function<&TimerDelete>("timer_delete");

  POSIX_ASYNC_CONSTANT(exports, CLOCK_MONOTONIC_COARSE);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_MONOTONIC_RAW);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_REALTIME_COARSE);
  POSIX_ASYNC_CONSTANT(exports, CLOCK_TAI);
  POSIX_ASYNC_CONSTANT(exports, ITIMER_PROF);
  POSIX_ASYNC_CONSTANT(exports, ITIMER_REAL);
  POSIX_ASYNC_CONSTANT(exports, ITIMER_VIRTUAL);
  POSIX_ASYNC_CONSTANT(exports, TIMER_ABSTIME);
}

}  // namespace posix_async
