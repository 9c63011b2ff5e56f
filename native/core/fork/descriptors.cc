// Letting go of the parent's descriptors under their own numbers.
//
// A number stays taken: the heap that was copied is full of them, in variables of the program, in objects that close
// theirs when they are collected, in addons. Were they free, the next client's would get one of them, and be read,
// written to or closed by what means another. So a descriptor of /dev/null that was opened with O_PATH takes the place
// of each: all that can be done with it is closing it, everything else fails with EBADF.
//
// The facts it rests on: libuv ends the process where a wake-up of another loop (of the platform, of a Worker) can't be
// written, so an eventfd is replaced by an idle one; its fork handlers and uv_loop_fork close what they are about to
// make anew, by its number, so that may have gone before; and so the loop's own numbers are free for the work here
// where the process has no other left. See: man 2 dup, open (O_PATH), eventfd, man 5 proc.
#include "descriptors.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "atfork.h"
#include "tasks.h"

namespace posix_async::fork {
namespace {

constexpr char kEvent[] = "anon_inode:[eventfd]";
constexpr char kPipe[] = "pipe:";

// A descriptor that takes the place of others, opened when the first is replaced.
template <int (*open_it)()>
class StandIn {
 public:
  // 0 or -errno.
  int Replace(int fd) {
    if (fd_ < 0) fd_ = open_it();
    if (fd_ < 0) return -errno;
    if (fd == fd_) return 0;
    const int flags = fcntl(fd, F_GETFD);
    close(fd);  // by a call of its own, which a trace shows
    // A program that is executed finds the same numbers taken. One above the limit of descriptors, which was lower when
    // it was opened, nothing gets any more.
    const bool stays_open = flags >= 0 && (flags & FD_CLOEXEC) == 0;
    return dup3(fd_, fd, stays_open ? 0 : O_CLOEXEC) >= 0 || errno == EBADF ? 0 : -errno;
  }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

// Below another root there may be no /dev.
int OpenNowhere() {
  const int fd = open("/dev/null", O_PATH | O_CLOEXEC);
  return fd >= 0 || errno != ENOENT ? fd : open("/proc/self/comm", O_PATH | O_CLOEXEC);
}

int OpenIdleEvent() { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

class Replacement {
 public:
  Replacement(const std::vector<int>& kept, uv_loop_t* loop)
      : kept_(kept), own_{loop->backend_fd, loop->async_io_watcher.fd, loop->signal_pipefd[0], loop->signal_pipefd[1]} {
    for (const int fd : own_)
      if (fd > STDERR_FILENO) close(fd);
  }

  int Run() {
    int error = 0;
    const int listing = ForEachNumber("/proc/self/fd", [&](int fd, int folder) {
      if (!MayStay(fd, folder)) error = Replace(fd, folder);
      return error == 0;
    });
    if (error == 0) error = listing;
    return error != 0 ? error : Finish();
  }

 private:
  bool MayStay(int fd, int folder) const {
    return fd <= STDERR_FILENO || fd == folder || fd == nowhere_.fd() || fd == idle_event_.fd() ||
           std::find(kept_.begin(), kept_.end(), fd) != kept_.end();
  }

  int Replace(int fd, int folder) {
    char name[16], link[32] = {};
    snprintf(name, sizeof name, "%d", fd);
    if (readlinkat(folder, name, link, sizeof link - 1) < 0) return -errno;
    if (strcmp(link, kEvent) == 0) return idle_event_.Replace(fd);
    // Where the fork handlers can't be run, libuv's lock of signals, a pipe, is not made anew.
    if (!HandlersAreKnown() && strncmp(link, kPipe, sizeof kPipe - 1) == 0) return 0;
    return nowhere_.Replace(fd);
  }

  bool IsOwn(int fd) const { return std::find(std::begin(own_), std::end(own_), fd) != std::end(own_); }

  // The loop's numbers are taken until uv_loop_fork closes them; what was opened here is not left.
  int Finish() {
    for (const int fd : own_)
      if (const int error = fd > STDERR_FILENO ? nowhere_.Replace(fd) : 0; error != 0) return error;
    for (const int fd : {nowhere_.fd(), idle_event_.fd()})
      if (fd >= 0 && !IsOwn(fd)) close(fd);
    return 0;
  }

  const std::vector<int>& kept_;
  const int own_[4];
  StandIn<OpenNowhere> nowhere_;
  StandIn<OpenIdleEvent> idle_event_;
};

}  // namespace

int KeepOnly(const std::vector<int>& kept, uv_loop_t* loop) { return Replacement(kept, loop).Run(); }

}  // namespace posix_async::fork
