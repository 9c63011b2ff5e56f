// The protocol between the reactor and the thread that blocks for it; what is waited for is copied before each wait.
// See: man 2 eventfd, man 3 pthread_create
#include "waiter.h"

#include <signal.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "core/base/result.h"

namespace posix_async {
namespace {

constexpr size_t kStackSize = 256 * 1024;

int MakeEvent(UniqueFd* event) {
  const int fd = Result([] { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
  if (fd < 0) return fd;
  event->Reset(fd);
  return 0;
}

void Raise(int fd) {
  const uint64_t one = 1;
  Retry([&] { return write(fd, &one, sizeof one); });
}

void Drain(int fd) {
  uint64_t count;
  Retry([&] { return read(fd, &count, sizeof count); });
}

// The new thread takes no signals: they are for the threads that the process had before.
int StartThread(pthread_t* thread, void* (*main)(void*), void* argument) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackSize);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(thread, &attributes, main, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return -error;
}

}  // namespace

Waiter::~Waiter() { Stop(); }

int Waiter::Open(uint8_t*, size_t) {
  int error = MakeEvent(&wake_);
  if (!error) error = MakeEvent(&change_);
  if (!error) error = Admit(change_.get());
  if (!error) error = StartThread(&thread_, &Waiter::Main, this);
  if (error) return error;
  running_ = true;
  pthread_setname_np(thread_, Name());
  return 0;
}

bool Waiter::Stop() {
  if (!running_) return true;
  running_ = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    Raise(change_.get());
  }
  resumed_.notify_one();
  pthread_join(thread_, nullptr);
  return true;
}

int Waiter::Change(int fd, uint64_t tag, uint8_t before, uint8_t after) {
  if (const int error = after && !before ? Admit(fd) : 0) return error;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!before) {
    place_[fd] = watched_.size();
    watched_.push_back({fd, after, tag});
  } else if (after) {
    watched_[place_[fd]].interest = after;
  } else {
    const size_t hole = place_[fd];
    watched_[hole] = watched_.back();
    place_[watched_[hole].fd] = hole;
    watched_.pop_back();
    place_.erase(fd);
  }
  WakeThread();
  return 0;
}

// With the mutex held. A resting thread looks at watched_ anew by itself.
void Waiter::WakeThread() {
  if (resting_ || signalled_) return;
  signalled_ = true;
  Raise(change_.get());
}

int Waiter::Collect(Ready* ready, int max) {
  std::lock_guard<std::mutex> lock(mutex_);
  const size_t count = std::min(ready_.size(), static_cast<size_t>(max));
  std::copy_n(ready_.begin(), count, ready);
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(count));
  if (ready_.empty()) Drain(wake_.get());
  return static_cast<int>(count);
}

void Waiter::Resume() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!resting_ || !ready_.empty()) return;
    resting_ = false;
  }
  resumed_.notify_one();
}

// The thread is not there in the child, and the mutex may be held by it for ever.
void Waiter::Forget() {
  running_ = false;
  wake_.Reset();
  change_.Reset();
}

void* Waiter::Main(void* self) {
  static_cast<Waiter*>(self)->Loop();
  return nullptr;
}

void Waiter::Loop() {
  std::vector<Watched> watched;
  std::vector<Ready> ready;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    watched = watched_;
    lock.unlock();
    ready.clear();
    Wait(watched, change_.get(), &ready);
    lock.lock();
    if (signalled_) Drain(change_.get());
    signalled_ = false;
    if (ready.empty() || stopping_) continue;
    ready_.swap(ready);
    resting_ = true;
    Raise(wake_.get());
    resumed_.wait(lock, [this] { return !resting_ || stopping_; });
  }
}

}  // namespace posix_async
