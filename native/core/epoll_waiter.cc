// See epoll_waiter.h and man 2 epoll_wait, man 2 eventfd.
#include "epoll_waiter.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "core/base/result.h"

namespace posix_async {

int EpollWaiter::Start(int epfd, int tell, int most) {
  epfd_.Reset(fcntl(epfd, F_DUPFD_CLOEXEC, 0));
  if (!epfd_.valid()) return -errno;
  tell_.Reset(fcntl(tell, F_DUPFD_CLOEXEC, 0));
  if (!tell_.valid()) return -errno;
  control_.Reset(eventfd(1, EFD_CLOEXEC));
  if (!control_.valid()) return -errno;
  events_.resize(most);
  auto* self = new std::shared_ptr<EpollWaiter>(shared_from_this());
  const int error = StartThread(&Live, self, 0);
  if (error < 0) delete self;
  return error;
}

void* EpollWaiter::Live(void* argument) {
  StayBehind();
  auto* held = static_cast<std::shared_ptr<EpollWaiter>*>(argument);
  const std::shared_ptr<EpollWaiter> waiter = std::move(*held);
  delete held;
  if (waiter->guard_.IsOwner()) waiter->Wait();
  return nullptr;
}

void EpollWaiter::Wait() {
  int count = Retry([&] { return epoll_wait(epfd_.get(), events_.data(), static_cast<int>(events_.size()), -1); });
  events_.resize(std::max(count, 0));
  const auto is_stop = [](const epoll_event& event) { return event.data.u64 == kStopped; };
  const auto end = std::remove_if(events_.begin(), events_.end(), is_stop);
  count -= static_cast<int>(events_.end() - end);
  events_.erase(end, events_.end());
  const std::lock_guard<std::mutex> lock(mutex_);
  result_ = count;
  is_over_ = true;
  over_.notify_all();
  eventfd_write(tell_.get(), 1);
}

bool EpollWaiter::IsOver(int* result) {
  const std::lock_guard<std::mutex> lock(mutex_);
  *result = result_;
  return is_over_;
}

void EpollWaiter::Stop() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (is_over_) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kStopped;
  epoll_ctl(epfd_.get(), EPOLL_CTL_ADD, control_.get(), &event);
  over_.wait(lock, [this] { return is_over_; });
  epoll_ctl(epfd_.get(), EPOLL_CTL_DEL, control_.get(), nullptr);
}

}  // namespace posix_async
