// Threads that are used again: a thread whose work is done waits for more, as long as few enough wait.
#ifndef POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_CACHE_H_
#define POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_CACHE_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "thread_start.h"

namespace posix_async {

// Safe from any thread. Threads hold it alive.
class ThreadCache : public std::enable_shared_from_this<ThreadCache> {
 public:
  // `keep` threads may wait for work; with 0 each piece of work has a thread of its own, from its start to its end.
  ThreadCache(unsigned keep, size_t stack_size) : keep_(keep), stack_size_(stack_size) {}

  // Runs `routine(argument)` on a thread that waits, or on a new one; 0 or -errno.
  int Run(void (*routine)(void*), void* argument);
  // Those that wait end, and the others when their work is done.
  void Close();
  unsigned threads();
  // False in a child made by fork, where these threads do not exist.
  bool IsOwner() const { return guard_.IsOwner(); }
  // Whether all threads have ended within that time.
  bool WaitEmpty(std::chrono::milliseconds limit);

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Job {
    void (*routine)(void*);
    void* argument;
  };
  struct Birth {
    std::shared_ptr<ThreadCache> cache;
    Job job;
  };

  static void* Live(void* birth);
  bool Next(Job* job);
  void Ended(const Lock& lock);

  const unsigned keep_;
  const size_t stack_size_;
  const ProcessGuard guard_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable empty_;
  std::deque<Job> jobs_;
  unsigned waiting_ = 0;  // threads that wait, less the jobs promised to them
  unsigned threads_ = 0;
  bool closed_ = false;
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_CORE_THREAD_SERVER_THREAD_CACHE_H_
