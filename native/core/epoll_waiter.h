// One epoll_wait(2) on a thread of its own, so that nothing else looks at the instance. A loop that watches the
// instance itself would look whether it is readable, and some events are gone when they were looked at: POLLPRI of
// /proc/self/mounts, of pressure stall triggers and of the files of sysctl. See: man 2 epoll_wait
#ifndef POSIX_ASYNC_CORE_EPOLL_WAITER_H_
#define POSIX_ASYNC_CORE_EPOLL_WAITER_H_

#include <sys/epoll.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/thread_server/thread_start.h"

namespace posix_async {

// Safe from any thread; its thread holds it alive. In a child made by fork it is dead: neither used nor destroyed.
class EpollWaiter : public std::enable_shared_from_this<EpollWaiter> {
 public:
  // What the kernel reports of the descriptor by which Stop ends the wait; no caller's data is ever that number.
  static constexpr uint64_t kStopped = uint64_t{1} << 62;

  // `tell` is an eventfd that is written when the wait is over; both descriptors are duplicated.
  int Start(int epfd, int tell, int most);  // 0 or -errno
  // Whether the wait is over; then `result` is how many events there are, or -errno.
  bool IsOver(int* result);
  // Ends the wait, if it is not over: what it had taken by then is in `events`.
  void Stop();

  const std::vector<epoll_event>& events() const { return events_; }

 private:
  static void* Live(void* waiter);
  void Wait();

  const ProcessGuard guard_;
  UniqueFd epfd_, tell_, control_;
  std::mutex mutex_;
  std::condition_variable over_;
  std::vector<epoll_event> events_;
  int result_ = 0;
  bool is_over_ = false;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_EPOLL_WAITER_H_
