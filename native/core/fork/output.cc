// The last writes of a process: those of libuv's streams wait for the event loop, which a process that ends by _exit(2)
// does not run again.
//
// The facts it rests on: a write that waits is a uv_write_t in the queue of its stream, whose buffers from write_index
// on are still to be written, the first from where it was left off; all of it stands in the public uv.h. See: man 2
// write.
#include "output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "../base/deadline.h"

namespace posix_async::fork {
namespace {

struct Search {
  int fd;
  uv_stream_t* found;
};

uv_stream_t* StreamOn(uv_loop_t* loop, int fd) {
  Search search{fd, nullptr};
  const auto look = [](uv_handle_t* handle, void* argument) {
    auto* search = static_cast<Search*>(argument);
    if (handle->type != UV_TCP && handle->type != UV_NAMED_PIPE && handle->type != UV_TTY) return;
    auto* stream = reinterpret_cast<uv_stream_t*>(handle);
    if (!uv_is_closing(handle) && stream->io_watcher.fd == search->fd) search->found = stream;
  };
  uv_walk(loop, look, &search);
  return search.found;
}

// Until there is room.
int Wait(int fd, Deadline* deadline) {
  pollfd writable{fd, POLLOUT, 0};
  const int ready = poll(&writable, 1, deadline->LeftMilliseconds());
  if (ready == 0) return -ETIMEDOUT;
  return ready < 0 && errno != EINTR ? -errno : 0;
}

int WriteAll(int fd, const char* data, size_t size, Deadline* deadline) {
  while (size > 0) {
    const ssize_t count = write(fd, data, size);
    int error = 0;
    if (count >= 0) {
      data += count;
      size -= count;
    } else if (errno == EAGAIN) {
      error = Wait(fd, deadline);
    } else if (errno != EINTR) {
      error = -errno;
    }
    if (error != 0) return error;
  }
  return 0;
}

int WriteRequest(int fd, const uv_write_t& request, Deadline* deadline) {
  int error = 0;
  for (unsigned at = request.write_index; error == 0 && at < request.nbufs; at++)
    error = WriteAll(fd, request.bufs[at].base, request.bufs[at].len, deadline);
  return error;
}

int WriteQueue(uv_stream_t* stream, Deadline* deadline) {
  void* const head = &stream->write_queue;
  int error = 0;
  for (void* node = *static_cast<void**>(head); error == 0 && node != head; node = *static_cast<void**>(node)) {
    const char* const request = static_cast<char*>(node) - offsetof(uv_write_t, queue);
    error = WriteRequest(stream->io_watcher.fd, *reinterpret_cast<const uv_write_t*>(request), deadline);
  }
  return error;
}

}  // namespace

bool HasStream(uv_loop_t* loop, int fd) { return StreamOn(loop, fd) != nullptr; }

int WriteOut(uv_loop_t* loop, int fd, const char* data, size_t size, int milliseconds) {
  Deadline deadline(milliseconds);
  uv_stream_t* const stream = StreamOn(loop, fd);
  const int error = stream == nullptr ? 0 : WriteQueue(stream, &deadline);
  return error != 0 ? error : WriteAll(fd, data, size, &deadline);
}

}  // namespace posix_async::fork
