// What the reactor asks of a way to wait: one file a system call (epoll.cc, poll.cc, select.cc), the same functions in
// each.
//
// No back end blocks the thread of JavaScript: `wake_fd` becomes readable when there is something to collect, and the
// owner of the event loop watches that one descriptor. All functions are called on the reactor's own thread.
#ifndef POSIX_ASYNC_CORE_REACTOR_BACKEND_H_
#define POSIX_ASYNC_CORE_REACTOR_BACKEND_H_

#include <cstdint>
#include <memory>

namespace posix_async {

enum Interest : uint8_t {
  kNoInterest = 0,
  kReadable = 1,
  kWritable = 2,
  kFailed = 4,      // only reported, never asked for
  kAlwaysTold = 8,  // as long as it is ready, also where the back end is edge-triggered: for listeners
};

// One ready descriptor: the tag it was registered with, and what of Interest is true of it.
struct Ready {
  uint64_t tag;
  uint8_t what;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Makes its descriptors and threads; 0 or -errno.
  virtual int Open() = 0;

  virtual int wake_fd() const = 0;

  // Changes what is waited for on `fd` from `before` to `after`; kNoInterest is not being registered at all. 0 or
  // -errno.
  virtual int Change(int fd, uint64_t tag, uint8_t before, uint8_t after) = 0;

  // Takes at most `max` ready descriptors without waiting.
  virtual int Collect(Ready* ready, int max) = 0;

  // The batch that Collect gave is dealt with: wait again.
  virtual void Resume() {}

  // Right after fork, in the child: closes its descriptors and touches nothing that is shared with the parent.
  virtual void Forget() = 0;
};

std::unique_ptr<Backend> MakeEpoll(bool edge_triggered);
std::unique_ptr<Backend> MakePoll();
std::unique_ptr<Backend> MakeSelect();

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_REACTOR_BACKEND_H_
