// Waiting with poll(2), blocking in a thread of its own. See: man 2 poll
#include <poll.h>

#include "core/base/result.h"
#include "waiter.h"

namespace posix_async {
namespace {

class Poll final : public Waiter {
 public:
  ~Poll() override { Stop(); }

 private:
  const char* Name() const override { return "px-poll"; }

  void Wait(const std::vector<Watched>& watched, int change_fd, std::vector<Ready>* ready) override {
    polled_.assign(1, {change_fd, POLLIN, 0});
    for (const Watched& one : watched) polled_.push_back({one.fd, Events(one.interest), 0});
    if (Retry([&] { return poll(polled_.data(), polled_.size(), -1); }) <= 0) return;
    for (size_t i = 0; i < watched.size(); i++) {
      if (const short seen = polled_[i + 1].revents) ready->push_back({watched[i].tag, Translate(seen), 0, 0});
    }
  }

  static short Events(uint8_t interest) {
    return static_cast<short>((interest & kReadable ? POLLIN : 0) | (interest & kWritable ? POLLOUT : 0));
  }

  static uint8_t Translate(short events) {
    return (events & POLLIN ? kReadable : 0) | (events & POLLOUT ? kWritable : 0) |
           (events & (POLLERR | POLLHUP | POLLNVAL) ? kFailed : 0);
  }

  std::vector<pollfd> polled_;
};

}  // namespace

std::unique_ptr<Backend> MakePoll() { return std::make_unique<Poll>(); }

}  // namespace posix_async
