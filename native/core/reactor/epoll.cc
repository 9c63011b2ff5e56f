// Waiting with epoll(7): an instance of its own, which is itself pollable, so that no thread has to block in it.
// See: man 7 epoll, man 2 epoll_ctl, man 2 epoll_wait
#include <sys/epoll.h>

#include <algorithm>

#include "backend.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace posix_async {
namespace {

constexpr int kMostEvents = 512;

class Epoll final : public Backend {
 public:
  explicit Epoll(bool edge_triggered) : mode_(edge_triggered ? static_cast<uint32_t>(EPOLLET) : 0) {}

  int Open(uint8_t*, size_t) override {
    const int fd = Result([] { return epoll_create1(EPOLL_CLOEXEC); });
    if (fd < 0) return fd;
    epoll_.Reset(fd);
    return 0;
  }

  int wake_fd() const override { return epoll_.get(); }

  // Leaving is always said: close(2) alone does not deregister a socket that a forked child still holds.
  int Change(int fd, uint64_t tag, uint8_t before, uint8_t after) override {
    epoll_event event{};
    event.events =
        (after & kAlwaysTold ? 0u : mode_) | (after & kReadable ? EPOLLIN : 0u) | (after & kWritable ? EPOLLOUT : 0u);
    event.data.u64 = tag;
    const int operation = !after ? EPOLL_CTL_DEL : before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    return Result([&] { return epoll_ctl(epoll_.get(), operation, fd, &event); });
  }

  int Collect(Ready* ready, int max) override {
    const int most = std::min(max, kMostEvents);
    const int count = Retry([&] { return epoll_wait(epoll_.get(), events_, most, 0); });
    for (int i = 0; i < count; i++) ready[i] = {events_[i].data.u64, Translate(events_[i].events), 0, 0};
    return count;
  }

  void Forget() override { epoll_.Reset(); }

 private:
  static uint8_t Translate(uint32_t events) {
    return (events & EPOLLIN ? kReadable : 0) | (events & EPOLLOUT ? kWritable : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? kFailed : 0);
  }

  const uint32_t mode_;
  UniqueFd epoll_;
  epoll_event events_[kMostEvents];
};

}  // namespace

std::unique_ptr<Backend> MakeEpoll(bool edge_triggered) { return std::make_unique<Epoll>(edge_triggered); }

}  // namespace posix_async
