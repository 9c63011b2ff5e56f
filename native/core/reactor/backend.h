// What the reactor asks of a way to wait: one file a way (epoll.cc, poll.cc, select.cc, io_uring.cc), the same
// functions in each. The first three tell what is ready, and the reactor makes the calls; io_uring tells what is done.
//
// No back end blocks the thread of JavaScript: `wake_fd` becomes readable when there is something to collect, and the
// owner of the event loop watches that one descriptor. All functions are called on the reactor's own thread.
#ifndef POSIX_ASYNC_CORE_REACTOR_BACKEND_H_
#define POSIX_ASYNC_CORE_REACTOR_BACKEND_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace posix_async {

enum Interest : uint8_t {
  kNoInterest = 0,
  kReadable = 1,
  kWritable = 2,
  kFailed = 4,      // only reported, never asked for
  kAlwaysTold = 8,  // as long as it is ready, also where the back end is edge-triggered: for listeners
  kDone = 16,       // only reported: not only ready but done, with a result
  kLapsed = 32,     // only reported: what was asked for is no longer waited for
  kBroken = 64,     // only reported: bytes of it were lost, so that it cannot go on
};

// One ready descriptor: the tag it was registered with, and what of Interest is true of it.
struct Ready {
  uint64_t tag;
  uint8_t what;
  int32_t result;   // with kDone: the accepted descriptor, the bytes received (0: the end), or -errno
  uint32_t offset;  // with kDone: where in the slab the bytes lie until Resume
};

// Bytes to send, and how many of them the kernel took, or -errno. They are the sender's again when Send returns.
struct Sending {
  uint64_t tag;
  int fd;
  const uint8_t* bytes;
  size_t count;
  int64_t result;
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Makes its descriptors and threads; 0 or -errno. Where it receives by itself, it does so into `slab`.
  virtual int Open(uint8_t* slab, size_t size) = 0;

  // Accepts, receives and sends by itself.
  virtual bool completes() const { return false; }

  virtual int wake_fd() const = 0;

  // Changes what is waited for on `fd` from `before` to `after`; kNoInterest is not being registered at all. 0 or
  // -errno.
  virtual int Change(int fd, uint64_t tag, uint8_t before, uint8_t after) = 0;

  // Takes at most `max` ready descriptors without waiting.
  virtual int Collect(Ready* ready, int max) = 0;

  // There is more to collect than wake_fd shows.
  virtual bool pending() const { return false; }

  // The batch that Collect gave is dealt with: wait again.
  virtual void Resume() {}

  // What was asked for so far takes effect now.
  virtual void Push() {}

  // Sends all with one system call, without waiting; for those that complete. The result of each is known when it
  // returns, and the kernel looks at none of the bytes after that.
  virtual void Send(std::vector<Sending>*) {}

  // Ends the registration `registered`; what was done until then and not collected is added to `rest`. 0 or -errno:
  // what was asked for may go on.
  virtual int Withdraw(int fd, uint64_t tag, uint8_t registered, std::vector<Ready>*) {
    return registered ? Change(fd, tag, registered, kNoInterest) : 0;
  }

  // 0, or the errno for which nothing can be waited for any more.
  virtual int fault() const { return 0; }

  // The last call before it is destroyed. False: the kernel may still write into the slab, which must stay.
  virtual bool Stop() { return true; }

  // Right after fork, in the child: closes its descriptors and touches nothing that is shared with the parent.
  virtual void Forget() = 0;
};

std::unique_ptr<Backend> MakeEpoll(bool edge_triggered);
std::unique_ptr<Backend> MakePoll();
std::unique_ptr<Backend> MakeSelect();
std::unique_ptr<Backend> MakeIoUring(unsigned entries = 512, unsigned completions = 4096);

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_REACTOR_BACKEND_H_
