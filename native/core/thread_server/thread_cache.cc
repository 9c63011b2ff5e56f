// See thread_cache.h.
#include "thread_cache.h"

#include <cerrno>

namespace posix_async {

int ThreadCache::Run(void (*routine)(void*), void* argument) {
  if (!IsOwner()) return -ECANCELED;
  const Job job{routine, argument};
  Lock lock(mutex_);
  if (waiting_ > 0) {
    --waiting_;
    jobs_.push_back(job);
    work_.notify_one();
    return 0;
  }
  ++threads_;
  lock.unlock();  // those that end meanwhile need not wait
  auto* birth = new Birth{shared_from_this(), job};
  const int error = StartThread(&Live, birth, stack_size_);
  if (error == 0) return 0;
  delete birth;
  lock.lock();
  Ended(lock);
  return error;
}

void* ThreadCache::Live(void* argument) {
  StayBehind();
  auto* birth = static_cast<Birth*>(argument);
  const std::shared_ptr<ThreadCache> cache = std::move(birth->cache);
  Job job = birth->job;
  delete birth;
  if (!cache->IsOwner()) return nullptr;
  do {
    job.routine(job.argument);
  } while (cache->Next(&job));
  return nullptr;
}

// False where the thread is to end.
bool ThreadCache::Next(Job* job) {
  Lock lock(mutex_);
  if (!closed_ && waiting_ < keep_) {
    ++waiting_;
    work_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (!jobs_.empty()) {
      *job = jobs_.front();
      jobs_.pop_front();
      return true;
    }
  }
  Ended(lock);
  return false;
}

void ThreadCache::Ended(const Lock&) {
  if (--threads_ == 0) empty_.notify_all();
}

void ThreadCache::Close() {
  if (!IsOwner()) return;
  const Lock lock(mutex_);
  closed_ = true;
  waiting_ = 0;
  work_.notify_all();
}

unsigned ThreadCache::threads() {
  if (!IsOwner()) return 0;
  const Lock lock(mutex_);
  return threads_;
}

bool ThreadCache::WaitEmpty(std::chrono::milliseconds limit) {
  if (!IsOwner()) return true;
  Lock lock(mutex_);
  return empty_.wait_for(lock, limit, [this] { return threads_ == 0; });
}

}  // namespace posix_async
