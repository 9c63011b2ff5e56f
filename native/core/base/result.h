// The one shape of a result below JavaScript: value >= 0, or the negative errno.
#ifndef POSIX_ASYNC_CORE_BASE_RESULT_H_
#define POSIX_ASYNC_CORE_BASE_RESULT_H_

#include <cerrno>

namespace posix_async {

// Makes the call and gives its value or -errno. Not for calls that a signal may interrupt.
template <typename Call>
auto Result(Call call) -> decltype(call()) {
  const auto value = call();
  return value < 0 ? -static_cast<decltype(call())>(errno) : value;
}

// The same, made again while a signal interrupts it: PEP 475's rule, in one place. Only for calls whose arguments stay
// right when they are repeated: no relative timeouts, and never close(2), which releases the number even on EINTR.
template <typename Call>
auto Retry(Call call) -> decltype(call()) {
  for (;;) {
    const auto value = Result(call);
    if (value != -EINTR) return value;
  }
}

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_BASE_RESULT_H_
