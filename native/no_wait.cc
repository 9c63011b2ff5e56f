// Reads and writes that give EAGAIN rather than wait, and leave O_NONBLOCK alone: it belongs to the open file, which
// other processes share. See: man 2 preadv2 (RWF_NOWAIT), recv (MSG_DONTWAIT), poll; man 4 tty, man 7 pty.
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "binding.h"
#include "core/base/unique_fd.h"

namespace posix_async {
namespace {

// Files and disks wait for the device only, and poll(2) calls them ready: there is nothing to wait for by readiness.
bool IsFile(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode));
}

// What poll(2) says now of a descriptor for `events`; 0 where the call would wait, or -errno.
int Ready(int fd, short events) {
  pollfd polled{fd, events, 0};
  const int count = Retry([&] { return poll(&polled, 1, 0); });
  return count > 0 ? polled.revents : count;
}

// Where the kernel has no RWF_NOWAIT for this kind of file: terminals and other devices, and pipes before Linux 6.4.
bool Unsupported(int64_t result) { return result == -EOPNOTSUPP || result == -ENOSYS; }

// The kernel's own descriptors of events are read and written whole, and refuse what is too short for one even where
// there is none: a wait for one would never end.
bool IsTooShort(int fd, size_t size) {
  constexpr size_t kEvent = 8, kSignal = 128;
  struct stat status;
  if (size >= kSignal || fstat(fd, &status) != 0 || (status.st_mode & S_IFMT) != 0) return false;
  char path[32], name[64] = {};
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (readlink(path, name, sizeof name - 1) < 0) return false;
  if (strcmp(name, "anon_inode:[signalfd]") == 0) return true;
  const bool is_event = strcmp(name, "anon_inode:[eventfd]") == 0 || strcmp(name, "anon_inode:[timerfd]") == 0;
  return is_event && size < kEvent;
}

// The side of a pseudoterminal that stands for the user: /dev/ptmx, of which each open is another one.
bool IsMaster(int fd) {
  unsigned number;
  return ioctl(fd, TIOCGPTN, &number) == 0;
}

// The same terminal, opened again so as never to wait. O_NONBLOCK of the caller's descriptor is that of all who share
// it.
UniqueFd OpenedAgain(int fd, int access) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return UniqueFd(open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool IsNonBlocking(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

// A read may wait for VMIN bytes or VTIME tenths of a second, though poll(2) says that there are some.
int64_t ReadTerminal(int fd, const Part& part) {
  const UniqueFd own = IsMaster(fd) ? UniqueFd() : OpenedAgain(fd, O_RDONLY);
  const int from = own.valid() ? own.get() : fd;
  return Retry([&] { return read(from, part.data, part.size); });
}

// A write waits until all of it is taken, and poll(2) says only that there is some room. The side that is the user's
// takes so much at least (drivers/tty/tty_buffer.c); the other side, where it cannot be opened again, takes one byte.
int64_t WriteTerminal(int fd, const Part& part) {
  constexpr size_t kRoom = 256;
  const bool is_master = IsMaster(fd);
  const UniqueFd own = is_master ? UniqueFd() : OpenedAgain(fd, O_WRONLY);
  if (own.valid()) return Retry([&] { return write(own.get(), part.data, part.size); });
  const size_t most = is_master ? kRoom : 1;
  return Retry([&] { return write(fd, part.data, part.size < most ? part.size : most); });
}

int64_t ReadNoWait(int fd, Part part) {
  iovec vector{part.data, part.size};
  int64_t result = Retry([&] { return preadv2(fd, &vector, 1, -1, RWF_NOWAIT); });
  if (Unsupported(result)) result = Retry([&] { return recv(fd, part.data, part.size, MSG_DONTWAIT); });
  if (result == -EAGAIN ? !IsFile(fd) : result != -ENOTSOCK) return result;
  const int ready = Ready(fd, POLLIN);
  if (ready == 0) return IsTooShort(fd, part.size) ? -EINVAL : -EAGAIN;
  if (ready < 0) return ready;
  const bool is_open = (ready & (POLLERR | POLLHUP)) == 0;  // an error or a hang-up is for the call itself to report
  if (is_open && isatty(fd) && !IsNonBlocking(fd)) return ReadTerminal(fd, part);
  return Retry([&] { return read(fd, part.data, part.size); });
}

int64_t WriteNoWait(int fd, Part part) {
  iovec vector{part.data, part.size};
  int64_t result = Retry([&] { return pwritev2(fd, &vector, 1, -1, RWF_NOWAIT); });
  if (Unsupported(result)) {
    result = Retry([&] { return send(fd, part.data, part.size, MSG_DONTWAIT | MSG_NOSIGNAL); });
  }
  if (result == -EAGAIN && IsFile(fd)) return Retry([&] { return write(fd, part.data, part.size); });
  if (result != -ENOTSOCK) return result;
  const int ready = Ready(fd, POLLOUT);
  if (ready == 0) return IsTooShort(fd, part.size) ? -EINVAL : -EAGAIN;
  if (ready < 0) return ready;
  const bool is_open = (ready & (POLLERR | POLLHUP)) == 0;
  if (is_open && isatty(fd) && !IsNonBlocking(fd)) return WriteTerminal(fd, part);
  // What poll calls writable takes so much at once.
  const size_t most = part.size < PIPE_BUF ? part.size : PIPE_BUF;
  return Retry([&] { return write(fd, part.data, most); });
}

}  // namespace

void RegisterNoWait(Exports& exports) {
  exports.Function<&ReadNoWait>("readNoWait");
  exports.Function<&WriteNoWait>("writeNoWait");
}

}  // namespace posix_async
