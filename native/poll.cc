// poll.h. See: man 2 poll, ppoll.
#include <poll.h>

#include "binding.h"
#include "core/base/deadline.h"
#include "core/base/wait_mask.h"

namespace posix_async {
namespace {

// `fds` is an Int32Array laid out as C's struct pollfd: the descriptor, then events and revents in one element; the
// first `count` of them are looked at.
int Poll(Many<pollfd> fds, unsigned count, double timeout) {
  if (count > fds.count) return -EFAULT;
  Deadline deadline(timeout);
  return Retry([&] { return poll(fds.data, count, deadline.LeftMilliseconds()); });
}

int Ppoll(Many<pollfd> fds, unsigned count, double timeout, Bytes set) {
  if (count > fds.count) return -EFAULT;
  Deadline deadline(timeout);
  const WaitMask mask(set.data, set.size);
  return Retry([&] { return ppoll(fds.data, count, deadline.Left(), mask.get()); });
}

}  // namespace

void RegisterPoll(Exports& exports) {
  exports.Function<&Poll>("poll");
  exports.Function<&Ppoll>("ppoll");

  POSIX_ASYNC_CONSTANT(exports, POLLIN);
  POSIX_ASYNC_CONSTANT(exports, POLLPRI);
  POSIX_ASYNC_CONSTANT(exports, POLLOUT);
  POSIX_ASYNC_CONSTANT(exports, POLLRDHUP);
  POSIX_ASYNC_CONSTANT(exports, POLLERR);
  POSIX_ASYNC_CONSTANT(exports, POLLHUP);
  POSIX_ASYNC_CONSTANT(exports, POLLNVAL);
  POSIX_ASYNC_CONSTANT(exports, POLLRDNORM);
  POSIX_ASYNC_CONSTANT(exports, POLLRDBAND);
  POSIX_ASYNC_CONSTANT(exports, POLLWRNORM);
  POSIX_ASYNC_CONSTANT(exports, POLLWRBAND);
}

}  // namespace posix_async
