// sys/epoll.h. See: man 2 epoll_create1, epoll_ctl, epoll_wait.
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "binding.h"
#include "core/base/deadline.h"
#include "core/base/wait_mask.h"

namespace posix_async {
namespace {

int EpollCtl(int epfd, int operation, int fd, unsigned events, int64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<uint64_t>(data);
  return Result([&] { return epoll_ctl(epfd, operation, fd, &event); });
}

// `pairs` is a Float64Array that takes (events, data) of each; there may be `most`.
bool IsRoomFor(int most, const Many<double>& pairs) { return most > 0 && static_cast<size_t>(most) <= pairs.count / 2; }

void Give(const std::vector<epoll_event>& ready, int count, const Many<double>& pairs) {
  for (int i = 0; i < count; i++) {
    pairs.data[2 * i] = ready[i].events;
    pairs.data[2 * i + 1] = static_cast<double>(static_cast<int64_t>(ready[i].data.u64));
  }
}

int EpollWait(int epfd, Many<double> pairs, int most, double timeout) {
  if (!IsRoomFor(most, pairs)) return -EFAULT;
  std::vector<epoll_event> ready(most);
  Deadline deadline(timeout);
  const int count = Retry([&] { return epoll_wait(epfd, ready.data(), most, deadline.LeftMilliseconds()); });
  Give(ready, count, pairs);
  return count;
}

// glibc has the call since 2.35 and Linux since 5.11; before that, whole milliseconds.
int Pwait2(int epfd, std::vector<epoll_event>& ready, Deadline& deadline, const sigset_t* mask) {
  constexpr size_t kKernelSigsetSize = 8;
  const int count = static_cast<int>(syscall(SYS_epoll_pwait2, epfd, ready.data(), static_cast<int>(ready.size()),
                                             deadline.Left(), mask, kKernelSigsetSize));
  if (count >= 0 || errno != ENOSYS) return count;
  return epoll_pwait(epfd, ready.data(), static_cast<int>(ready.size()), deadline.LeftMilliseconds(), mask);
}

int EpollPwait2(int epfd, Many<double> pairs, int most, double timeout, Bytes set) {
  if (!IsRoomFor(most, pairs)) return -EFAULT;
  std::vector<epoll_event> ready(most);
  Deadline deadline(timeout);
  const WaitMask mask(set.data, set.size);
  const int count = Retry([&] { return Pwait2(epfd, ready, deadline, mask.get()); });
  Give(ready, count, pairs);
  return count;
}

}  // namespace

void RegisterEpoll(Exports& exports) {
  exports.Syscall<&::epoll_create1>("epoll_create1");
  exports.Function<&EpollCtl>("epoll_ctl");
  exports.Function<&EpollWait>("epoll_wait");
  exports.Function<&EpollPwait2>("epoll_pwait2");

  POSIX_ASYNC_CONSTANT(exports, EPOLL_CLOEXEC);
  POSIX_ASYNC_CONSTANT(exports, EPOLL_CTL_ADD);
  POSIX_ASYNC_CONSTANT(exports, EPOLL_CTL_MOD);
  POSIX_ASYNC_CONSTANT(exports, EPOLL_CTL_DEL);
  POSIX_ASYNC_CONSTANT(exports, EPOLLIN);
  POSIX_ASYNC_CONSTANT(exports, EPOLLPRI);
  POSIX_ASYNC_CONSTANT(exports, EPOLLOUT);
  POSIX_ASYNC_CONSTANT(exports, EPOLLERR);
  POSIX_ASYNC_CONSTANT(exports, EPOLLHUP);
  POSIX_ASYNC_CONSTANT(exports, EPOLLRDNORM);
  POSIX_ASYNC_CONSTANT(exports, EPOLLRDBAND);
  POSIX_ASYNC_CONSTANT(exports, EPOLLWRNORM);
  POSIX_ASYNC_CONSTANT(exports, EPOLLWRBAND);
  POSIX_ASYNC_CONSTANT(exports, EPOLLMSG);
  POSIX_ASYNC_CONSTANT(exports, EPOLLRDHUP);
  POSIX_ASYNC_CONSTANT(exports, EPOLLEXCLUSIVE);
  POSIX_ASYNC_CONSTANT(exports, EPOLLWAKEUP);
  POSIX_ASYNC_CONSTANT(exports, EPOLLONESHOT);
  POSIX_ASYNC_CONSTANT(exports, EPOLLET);
}

}  // namespace posix_async
