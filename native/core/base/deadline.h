// A wait's end: an interrupted call is made again with the time that is left (PEP 475).
#ifndef POSIX_ASYNC_CORE_BASE_DEADLINE_H_
#define POSIX_ASYNC_CORE_BASE_DEADLINE_H_

#include <time.h>

#include <climits>
#include <cmath>
#include <cstdint>

namespace posix_async {

class Deadline {
 public:
  // Milliseconds from now, fractions counted; negative for never.
  explicit Deadline(double milliseconds) : endless_(!(milliseconds >= 0)) {
    if (!endless_) end_ = Now() + Nanoseconds(milliseconds);
  }

  // For ppoll(2), pselect(2), epoll_pwait2(2): null where there is no end. Valid until the next call.
  const timespec* Left() {
    if (endless_) return nullptr;
    const int64_t left = NanosecondsLeft();
    left_ = {static_cast<time_t>(left / kSecond), static_cast<long>(left % kSecond)};
    return &left_;
  }

  // For epoll_wait(2): whole milliseconds, rounded up so that the call never ends early; -1 where there is no end.
  int LeftMilliseconds() {
    if (endless_) return -1;
    const int64_t left = (NanosecondsLeft() + kMillisecond - 1) / kMillisecond;
    return left < INT_MAX ? static_cast<int>(left) : INT_MAX;
  }

 private:
  static constexpr int64_t kMillisecond = 1000000;
  static constexpr int64_t kSecond = 1000000000;

  static int64_t Now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
  }

  // A century is as good as any longer wait, and adds up without overflow.
  static int64_t Nanoseconds(double milliseconds) {
    constexpr double kCentury = 3.2e12;
    return static_cast<int64_t>(std::ceil((milliseconds < kCentury ? milliseconds : kCentury) * kMillisecond));
  }

  int64_t NanosecondsLeft() const {
    const int64_t left = end_ - Now();
    return left > 0 ? left : 0;
  }

  const bool endless_;
  int64_t end_ = 0;
  timespec left_{};
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_BASE_DEADLINE_H_
