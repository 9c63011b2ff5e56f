// Blocking reads and writes on threads of the connections' own, ordered by one thread and reported back to it in
// batches. The one that orders never blocks: it posts operations and is told of completions by an eventfd. See: man 2
// eventfd.
#ifndef POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_IO_H_
#define POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_IO_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/unique_fd.h"
#include "thread_cache.h"

namespace posix_async {

enum class IoOperation : int { kRead = 0, kWrite = 1, kEnd = 2, kClose = 3 };

class IoConnection;

struct IoCompletion {
  std::shared_ptr<IoConnection> connection;
  IoOperation operation;
  int64_t result;  // bytes, or -errno
};

// Where threads put what they have done. Lives as long as it is held.
class IoMailbox {
 public:
  int Open();  // 0 or -errno
  int event_fd() const { return event_fd_.get(); }
  void Post(IoCompletion completion);
  // Everything that has come since the last time; the eventfd is quiet again. `into` is empty: its memory is used next.
  void Take(std::vector<IoCompletion>* into);
  // Nobody takes any more: what is there and what comes is dropped.
  void Close();

 private:
  UniqueFd event_fd_;
  std::mutex mutex_;
  std::vector<IoCompletion> completions_;
  bool closed_ = false;
};

// One connection. Its thread does one operation after another; a second thread joins it when something is to be written
// while the first is blocked in read(2), or read while it is blocked in write(2).
class IoConnection : public std::enable_shared_from_this<IoConnection> {
 public:
  IoConnection(int id, int fd, std::shared_ptr<IoMailbox> mailbox, std::shared_ptr<ThreadCache> threads)
      : id(id), cache_(std::move(threads)), mailbox_(std::move(mailbox)), fd_(fd) {}

  const int id;

  // Starts its thread and takes the descriptor over, which blocks; -errno leaves it to the caller.
  int Start(int idle_timeout);
  // Each is answered by one completion; -errno (-ECANCELED: in a child made by fork, where its threads do not exist)
  // where it could not even be ordered, and none will come.
  int Read(size_t most);
  int Write(std::vector<uint8_t> data);
  int End();  // after what was written: shutdown(2) of the sending side
  // Blocked operations fail, those not begun are cancelled (-ECANCELED); completed when the descriptor is closed.
  // `quietly`, where all operations are completed: nobody is told, and the descriptor is closed a moment later.
  void Close(bool quietly);

  // The bytes of a completed read; valid until Release, after which the next read may begin.
  const uint8_t* data() const { return buffer_.get(); }
  void Release();

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Command {
    IoOperation operation;
    size_t most = 0;
    std::vector<uint8_t> data;
  };
  // The two directions of a socket: each does one thing at a time. There are few commands, mostly one.
  struct Lane {
    std::vector<Command> commands;
    bool busy = false;
  };

  static void Run(void* connection);
  void Work();
  bool NextLane(Lane** lane);
  bool CanBegin(const Lane& lane) const { return !lane.busy && !lane.commands.empty(); }
  void Perform(Lock& lock, Lane* lane);
  int64_t Execute(Command* command);
  int64_t ReadInto(size_t most);
  int64_t WriteAll(const std::vector<uint8_t>& data);
  int Order(Lane* lane, Command command);
  int AddThread();
  void Leave(Lock& lock);
  void Cancel(Lane* lane);

  const std::shared_ptr<ThreadCache> cache_;
  const std::shared_ptr<IoMailbox> mailbox_;

  std::mutex mutex_;
  std::condition_variable work_;
  int fd_;
  int threads_ = 0;
  int free_ = 0;  // of these, those that wait for an order or are on their way to
  Lane reads_;
  Lane writes_;
  std::unique_ptr<uint8_t[]> buffer_;  // of the read under way, and of the completed one until Release
  size_t buffer_size_ = 0;
  bool closing_ = false;
  bool quietly_ = false;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_IO_H_
