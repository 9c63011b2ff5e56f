// The thread that blocks in poll(2) or select(2) so that the thread of JavaScript need not: it waits, publishes what is
// ready, wakes the reactor through an eventfd, and rests until the reactor has dealt with the batch.
#ifndef POSIX_ASYNC_CORE_REACTOR_WAITER_H_
#define POSIX_ASYNC_CORE_REACTOR_WAITER_H_

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "backend.h"
#include "core/base/unique_fd.h"

namespace posix_async {

class Waiter : public Backend {
 public:
  ~Waiter() override;

  int Open(uint8_t* slab, size_t size) override;
  int wake_fd() const override { return wake_.get(); }
  int Change(int fd, uint64_t tag, uint8_t before, uint8_t after) override;
  int Collect(Ready* ready, int max) override;
  void Resume() override;
  void Forget() override;

 protected:
  struct Watched {
    int fd;
    uint8_t interest;
    uint64_t tag;
  };

  // 0, or the -errno with which a descriptor that this system call cannot take is refused.
  virtual int Admit(int) { return 0; }

  // On the waiting thread: blocks until one of `watched` is ready or `change_fd` is readable, and appends what is
  // ready.
  virtual void Wait(const std::vector<Watched>& watched, int change_fd, std::vector<Ready>* ready) = 0;

  virtual const char* Name() const = 0;

  // A back end's destructor calls it too, while its own Wait is still there to be returned from.
  bool Stop() override;

 private:
  static void* Main(void* self);
  void Loop();
  void WakeThread();

  UniqueFd wake_;    // readable: there is something to collect
  UniqueFd change_;  // readable: what is waited for has changed
  pthread_t thread_{};
  bool running_ = false;

  std::mutex mutex_;
  std::condition_variable resumed_;
  std::vector<Watched> watched_;
  std::unordered_map<int, size_t> place_;  // descriptor -> index in watched_
  std::vector<Ready> ready_;
  bool resting_ = false;    // ready_ is published and not yet dealt with
  bool signalled_ = false;  // change_ has been written to and not yet drained
  bool stopping_ = false;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_REACTOR_WAITER_H_
