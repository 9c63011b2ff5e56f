// The kernel's time, seconds and nanoseconds, from and to JavaScript's milliseconds with their fraction.
#ifndef POSIX_ASYNC_CORE_BASE_TIMESPEC_H_
#define POSIX_ASYNC_CORE_BASE_TIMESPEC_H_

#include <cmath>
#include <ctime>

namespace posix_async {

// Rounded to nanoseconds; more than none stays more than none, because 0 would disarm a timer.
inline timespec ToTimespec(double milliseconds) {
  double seconds = std::floor(milliseconds / 1e3);
  double nanoseconds = std::round((milliseconds - seconds * 1e3) * 1e6);
  if (nanoseconds >= 1e9) {
    seconds += 1;
    nanoseconds = 0;
  }
  if (seconds == 0 && nanoseconds == 0 && milliseconds > 0) nanoseconds = 1;
  return {static_cast<time_t>(seconds), static_cast<long>(nanoseconds)};
}

inline double ToMilliseconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_BASE_TIMESPEC_H_
