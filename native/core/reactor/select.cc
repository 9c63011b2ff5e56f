// Waiting with select(2), blocking in a thread of its own. A descriptor of FD_SETSIZE (1024) or more does not fit an
// fd_set and is refused with ERANGE before it can damage memory. See: man 2 select
#include <sys/select.h>

#include <algorithm>

#include "core/base/result.h"
#include "waiter.h"

namespace posix_async {
namespace {

class Select final : public Waiter {
 public:
  ~Select() override { Stop(); }

 private:
  const char* Name() const override { return "px-select"; }

  int Admit(int fd) override { return fd < FD_SETSIZE ? 0 : -ERANGE; }

  void Wait(const std::vector<Watched>& watched, int change_fd, std::vector<Ready>* ready) override {
    fd_set readable, writable;
    const int count = Retry([&] {
      const int highest = Fill(watched, change_fd, &readable, &writable);  // anew each time: select(2) overwrites them
      return select(highest + 1, &readable, &writable, nullptr, nullptr);
    });
    if (count <= 0) return;
    for (const Watched& one : watched) {
      const uint8_t seen =
          (FD_ISSET(one.fd, &readable) ? kReadable : 0) | (FD_ISSET(one.fd, &writable) ? kWritable : 0);
      if (seen) ready->push_back({one.tag, seen, 0, 0});
    }
  }

  static int Fill(const std::vector<Watched>& watched, int change_fd, fd_set* readable, fd_set* writable) {
    FD_ZERO(readable);
    FD_ZERO(writable);
    FD_SET(change_fd, readable);
    int highest = change_fd;
    for (const Watched& one : watched) {
      if (one.interest & kReadable) FD_SET(one.fd, readable);
      if (one.interest & kWritable) FD_SET(one.fd, writable);
      highest = std::max(highest, one.fd);
    }
    return highest;
  }
};

}  // namespace

std::unique_ptr<Backend> MakeSelect() { return std::make_unique<Select>(); }

}  // namespace posix_async
