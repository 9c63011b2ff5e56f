// The children of a fork acceptor, each known by its pidfd: watched from the event loop until it ends, then reaped.
// See: man 2 pidfd_open, waitpid.
#ifndef POSIX_ASYNC_LOOP_FORKED_CHILDREN_H_
#define POSIX_ASYNC_LOOP_FORKED_CHILDREN_H_

#include <node_api.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/base/unique_fd.h"
#include "readiness.h"

namespace posix_async {

// A client's address as accept4 gives it: a sockaddr_storage, then one byte with its length.
struct ClientAddress {
  sockaddr_storage storage;
  uint8_t length;
};

struct ForkedChild {
  pid_t pid;
  ClientAddress client;
  UniqueFd report;   // the pipe that the child can leave a report in
  bool cut = false;  // killed because its connection was to end
  int status = 0;    // as waitpid gives it, when it has ended
};

class ForkedChildren {
 public:
  // `waiter` is told of each pidfd whose child has ended.
  ForkedChildren(napi_env env, NativeWaiter* waiter) : env_(env), waiter_(waiter) {}

  size_t size() const { return by_pidfd_.size(); }
  void Add(int pidfd, ForkedChild child);
  // Those that the kernel had no memory to watch are tried again.
  void WatchUnwatched();
  // The child, when it has ended and is one of these.
  std::optional<ForkedChild> Reap(int pidfd);
  // Each counts as cut.
  void Kill(int signal);
  // They live on, unwatched.
  void Close();
  // In a child: none of them is its own.
  void Forget();

 private:
  void Watch(int pidfd);

  const napi_env env_;
  NativeWaiter* const waiter_;
  std::unordered_map<int, ForkedChild> by_pidfd_;
  std::vector<int> unwatched_;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_LOOP_FORKED_CHILDREN_H_
