// What a process that is about to end has still to write to its standard output or error.
#ifndef POSIX_ASYNC_CORE_FORK_OUTPUT_H_
#define POSIX_ASYNC_CORE_FORK_OUTPUT_H_

#include <uv.h>

#include <cstddef>

namespace posix_async::fork {

// Whether the loop has a stream on this descriptor, which may have writes that wait.
bool HasStream(uv_loop_t* loop, int fd);

// Writes what that stream has queued, and then `data`, waiting for a reader that is slow. The loop must not run any
// more. Returns 0, -ETIMEDOUT after so many milliseconds, or another negative errno (EPIPE).
int WriteOut(uv_loop_t* loop, int fd, const char* data, size_t size, int milliseconds);

}  // namespace posix_async::fork

#endif  // POSIX_ASYNC_CORE_FORK_OUTPUT_H_
