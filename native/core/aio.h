// Threads that read, write and sync files: what POSIX AIO stands on. glibc's own is not used: it makes a thread a
// notification, serves each descriptor by one thread, and keeps its requests in lists that outlive a fork without their
// threads. See: man 7 aio
#ifndef POSIX_ASYNC_CORE_AIO_H_
#define POSIX_ASYNC_CORE_AIO_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/unique_fd.h"
#include "core/thread_server/thread_start.h"

namespace posix_async {

enum class AioOperation : int { kRead, kWrite, kSync, kDataSync };

struct AioRequest {
  uint32_t id;
  AioOperation operation;
  int fd;  // borrowed until the result is taken
  void* bytes;
  size_t size;
  int64_t offset;
};

struct AioResult {
  uint32_t id;
  int64_t result;  // or -errno
};

// Safe from any thread; its threads hold it alive. In a child made by fork it is dead: neither used nor destroyed, for
// its threads do not exist there.
class AioPool : public std::enable_shared_from_this<AioPool> {
 public:
  int Open();  // 0 or -errno
  // Readable while there are results to take.
  int event_fd() const { return event_fd_.get(); }
  bool IsOwner() const { return guard_.IsOwner(); }

  // 0, or -EAGAIN where there is no thread to be had and none is at work.
  int Submit(const AioRequest& request);
  // False where it is at work or done; otherwise it is gone, and has no result.
  bool Cancel(uint32_t id);
  std::vector<AioResult> Take();
  // Gives up what has not begun, and waits for what has: the memory is about to go.
  void Close();

 private:
  using Lock = std::unique_lock<std::mutex>;

  static void* Live(void* pool);
  void Serve();
  bool AwaitRequest(Lock& lock);

  const ProcessGuard guard_;
  UniqueFd event_fd_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::deque<AioRequest> queue_;
  std::vector<AioResult> results_;
  unsigned threads_ = 0, idle_ = 0;
  bool closed_ = false;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_AIO_H_
