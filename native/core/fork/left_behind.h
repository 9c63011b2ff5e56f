// A thread that says so is not brought to life in a child of a fork: POSIX's rule for all threads but the one that
// forks, kept here for those whose code is the user's. Read in a signal handler, so it lies in static TLS.
#ifndef POSIX_ASYNC_CORE_FORK_LEFT_BEHIND_H_
#define POSIX_ASYNC_CORE_FORK_LEFT_BEHIND_H_

namespace posix_async::fork {

inline thread_local bool is_left_behind __attribute__((tls_model("initial-exec"))) = false;

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_LEFT_BEHIND_H_
