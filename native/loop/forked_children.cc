// Watching children by their pidfds and reaping those that have ended. See forked_children.h.
#include "forked_children.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "core/base/result.h"

namespace posix_async {
namespace {

// By the descriptor, which means no other process; one that has ended meanwhile needs no signal any more.
void SendSignal(int pidfd, int signal) { syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0); }

}  // namespace

void ForkedChildren::Add(int pidfd, ForkedChild child) {
  by_pidfd_.emplace(pidfd, std::move(child));
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
  ForkedChild ended = std::move(child);
  StopWaiting(env_, pidfd);
  close(pidfd);
  by_pidfd_.erase(found);
  return ended;
}

void ForkedChildren::Kill(int signal) {
  for (auto& entry : by_pidfd_) {
    entry.second.cut = true;
    SendSignal(entry.first, signal);
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
