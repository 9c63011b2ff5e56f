// Watching children by their pidfds and reaping those that have ended. See forked_children.h.
#include "forked_children.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "core/base/result.h"

namespace posix_async {

void ForkedChildren::Add(int pidfd, const ForkedChild& child) {
  by_pidfd_.emplace(pidfd, child);
  Watch(pidfd);
}

void ForkedChildren::Watch(int pidfd) {
  if (WaitNatively(env_, pidfd, EPOLLIN, waiter_) != 0) unwatched_.push_back(pidfd);
}

void ForkedChildren::WatchUnwatched() {
  for (const int pidfd : std::exchange(unwatched_, {})) Watch(pidfd);
}

std::optional<ForkedChild> ForkedChildren::Reap(int pidfd) {
  const auto found = by_pidfd_.find(pidfd);
  if (found == by_pidfd_.end()) return {};
  ForkedChild& child = found->second;
  if (Retry([&] { return waitpid(child.pid, &child.status, WNOHANG); }) == 0) return {};
  const ForkedChild ended = child;
  StopWaiting(env_, pidfd);
  close(pidfd);
  by_pidfd_.erase(found);
  return ended;
}

void ForkedChildren::Kill(int signal) {
  for (auto& entry : by_pidfd_) {
    entry.second.cut = true;
    kill(entry.second.pid, signal);  // not reaped yet: the number is its own
  }
}

void ForkedChildren::Close() {
  for (const auto& entry : by_pidfd_) StopWaiting(env_, entry.first);
  Forget();
}

void ForkedChildren::Forget() {
  for (const auto& entry : by_pidfd_) close(entry.first);
  by_pidfd_.clear();
  unwatched_.clear();
}

}  // namespace posix_async
