// Reads and writes that give EAGAIN rather than wait, and leave O_NONBLOCK alone: it belongs to the open file, which
// other processes share. See: man 2 preadv2 (RWF_NOWAIT), recv (MSG_DONTWAIT), poll.
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "binding.h"

namespace posix_async {
namespace {

// Files and disks wait for the device only, and poll(2) calls them ready: there is nothing to wait for by readiness.
bool IsFile(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode));
}

// Why a call would wait now: 0 where it would not. An error or a hang-up is for the call itself to report.
int NotReady(int fd, short events) {
  pollfd polled{fd, events, 0};
  const int count = Retry([&] { return poll(&polled, 1, 0); });
  return count == 0 ? -EAGAIN : count < 0 ? count : 0;
}

// Where the kernel has no RWF_NOWAIT for this kind of file: terminals and other devices, and pipes before Linux 6.4.
bool Unsupported(int64_t result) { return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL; }

int64_t ReadNoWait(int fd, Part buffer) {
  iovec part{buffer.data, buffer.size};
  int64_t result = Retry([&] { return preadv2(fd, &part, 1, -1, RWF_NOWAIT); });
  if (Unsupported(result)) result = Retry([&] { return recv(fd, part.iov_base, part.iov_len, MSG_DONTWAIT); });
  if (result == -EAGAIN ? !IsFile(fd) : result != -ENOTSOCK) return result;
  if (const int reason = NotReady(fd, POLLIN)) return reason;
  return Retry([&] { return read(fd, part.iov_base, part.iov_len); });
}

int64_t WriteNoWait(int fd, Part buffer) {
  iovec part{buffer.data, buffer.size};
  int64_t result = Retry([&] { return pwritev2(fd, &part, 1, -1, RWF_NOWAIT); });
  if (Unsupported(result)) {
    result = Retry([&] { return send(fd, part.iov_base, part.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL); });
  }
  if (result == -EAGAIN && IsFile(fd)) return Retry([&] { return write(fd, part.iov_base, part.iov_len); });
  if (result != -ENOTSOCK) return result;
  if (const int reason = NotReady(fd, POLLOUT)) return reason;
  // What poll calls writable takes so much at once.
  const size_t most = part.iov_len < PIPE_BUF ? part.iov_len : PIPE_BUF;
  return Retry([&] { return write(fd, part.iov_base, most); });
}

}  // namespace

void RegisterNoWait(Exports& exports) {
  exports.Function<&ReadNoWait>("readNoWait");
  exports.Function<&WriteNoWait>("writeNoWait");
}

}  // namespace posix_async
