// See aio.h and man 2 pread, pwrite, fsync.
#include "aio.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "core/base/result.h"

namespace posix_async {
namespace {

constexpr unsigned kMostThreads = 16;
constexpr auto kIdleTime = std::chrono::milliseconds(500);

int64_t Perform(const AioRequest& request) {
  switch (request.operation) {
    case AioOperation::kRead:
      return Retry([&] { return pread(request.fd, request.bytes, request.size, request.offset); });
    case AioOperation::kWrite:
      return Retry([&] { return pwrite(request.fd, request.bytes, request.size, request.offset); });
    case AioOperation::kSync:
      return Retry([&] { return fsync(request.fd); });
    default:
      return Retry([&] { return fdatasync(request.fd); });
  }
}

}  // namespace

int AioPool::Open() {
  event_fd_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return event_fd_.valid() ? 0 : -errno;
}

int AioPool::Submit(const AioRequest& request) {
  const Lock lock(mutex_);
  if (closed_) return -ECANCELED;
  queue_.push_back(request);
  if (idle_ >= queue_.size() || threads_ == kMostThreads) {
    work_.notify_one();
    return 0;
  }
  auto* self = new std::shared_ptr<AioPool>(shared_from_this());
  const int error = StartThread(&Live, self, 0);
  if (error == 0) {
    threads_++;
    return 0;
  }
  delete self;
  if (threads_ > 0) return 0;  // those there are will come to it
  queue_.pop_back();
  return error;
}

void* AioPool::Live(void* argument) {
  StayBehind();
  auto* held = static_cast<std::shared_ptr<AioPool>*>(argument);
  const std::shared_ptr<AioPool> pool = std::move(*held);
  delete held;
  if (pool->IsOwner()) pool->Serve();
  return nullptr;
}

// False where the thread is to end.
bool AioPool::AwaitRequest(Lock& lock) {
  idle_++;
  work_.wait_for(lock, kIdleTime, [this] { return closed_ || !queue_.empty(); });
  idle_--;
  return !queue_.empty();
}

void AioPool::Serve() {
  Lock lock(mutex_);
  while (AwaitRequest(lock)) {
    const AioRequest request = queue_.front();
    queue_.pop_front();
    lock.unlock();
    const int64_t result = Perform(request);
    lock.lock();
    results_.push_back({request.id, result});
    if (results_.size() == 1) eventfd_write(event_fd_.get(), 1);
  }
  if (--threads_ == 0) done_.notify_all();
}

bool AioPool::Cancel(uint32_t id) {
  const Lock lock(mutex_);
  const auto found = std::find_if(queue_.begin(), queue_.end(), [id](const AioRequest& one) { return one.id == id; });
  if (found == queue_.end()) return false;
  queue_.erase(found);
  return true;
}

std::vector<AioResult> AioPool::Take() {
  const Lock lock(mutex_);
  eventfd_t count;
  eventfd_read(event_fd_.get(), &count);
  return std::exchange(results_, {});
}

void AioPool::Close() {
  Lock lock(mutex_);
  closed_ = true;
  queue_.clear();
  work_.notify_all();
  done_.wait(lock, [this] { return threads_ == 0; });
}

}  // namespace posix_async
