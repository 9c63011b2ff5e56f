// See thread_io.h and man 2 read, write, shutdown.
#include "thread_io.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/held_fds.h"
#include "core/base/result.h"

namespace posix_async {

int IoMailbox::Open() {
  event_fd_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return event_fd_.valid() ? 0 : -errno;
}

// The thread that is woken finds the lock free.
void IoMailbox::Post(IoCompletion completion) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    completions_.push_back(std::move(completion));
    if (completions_.size() > 1) return;
  }
  eventfd_write(event_fd_.get(), 1);
}

void IoMailbox::Take(std::vector<IoCompletion>* into) {
  eventfd_t count;
  eventfd_read(event_fd_.get(), &count);
  const std::lock_guard<std::mutex> lock(mutex_);
  completions_.swap(*into);
}

void IoMailbox::Close() {
  std::vector<IoCompletion> dropped;  // let go of outside the lock: a connection may be the last to hold this
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  dropped.swap(completions_);
}

int IoConnection::Start(int idle_timeout) {
  SetIdleTimeout(fd_, idle_timeout);
  HeldFds::Hold(fd_);
  const int error = AddThread();
  if (error < 0) HeldFds::LetGo(fd_);
  return error;
}

int IoConnection::Read(size_t most) { return Order(&reads_, {IoOperation::kRead, most, {}}); }
int IoConnection::Write(std::vector<uint8_t> data) {
  return Order(&writes_, {IoOperation::kWrite, 0, std::move(data)});
}
int IoConnection::End() { return Order(&writes_, {IoOperation::kEnd, 0, {}}); }

// A thread that waits takes the order; where all are blocked in the other direction, one more is made.
int IoConnection::Order(Lane* lane, Command command) {
  if (!cache_->IsOwner()) return -ECANCELED;
  Lock lock(mutex_);
  if (closing_) return -EBADF;
  const bool begins = !lane->busy && lane->commands.empty();
  if (begins && free_ == 0 && threads_ < 2) {
    if (const int error = AddThread(); error < 0) return error;
  }
  lane->commands.push_back(std::move(command));
  lock.unlock();  // the thread that is woken finds it free
  if (begins) work_.notify_one();
  return 0;
}

void IoConnection::Close(bool quietly) {
  if (!cache_->IsOwner()) return;
  Lock lock(mutex_);
  if (closing_) return;
  closing_ = true;
  quietly_ = quietly;
  if (free_ < threads_) shutdown(fd_, SHUT_RDWR);
  lock.unlock();
  work_.notify_all();
}

void IoConnection::Release() {
  Lock lock(mutex_);
  reads_.busy = false;
  const bool begins = !reads_.commands.empty();
  lock.unlock();
  if (begins) work_.notify_one();
}

// Under the lock, or before another thread has the connection: then the new thread need not wait for it.
int IoConnection::AddThread() {
  auto* self = new std::shared_ptr<IoConnection>(shared_from_this());
  ++threads_;
  ++free_;
  const int error = cache_->Run(&Run, self);
  if (error == 0) return 0;
  --threads_;
  --free_;
  delete self;
  return error;
}

void IoConnection::Run(void* argument) {
  auto* self = static_cast<std::shared_ptr<IoConnection>*>(argument);
  (*self)->Work();
  delete self;
}

void IoConnection::Work() {
  Lock lock(mutex_);
  for (;;) {
    Lane* lane = nullptr;
    work_.wait(lock, [&] { return NextLane(&lane); });
    if (lane == nullptr) break;
    Perform(lock, lane);
  }
  Leave(lock);
}

// True where there is something to do: an order in a direction that is free, or (nullptr) to end.
bool IoConnection::NextLane(Lane** lane) {
  if (closing_) return true;
  for (Lane* each : {&writes_, &reads_}) {
    if (!CanBegin(*each)) continue;
    *lane = each;
    return true;
  }
  return false;
}

// A read's lane stays busy until its bytes were taken (Release), any other until it is told, so that what is told is in
// order. It is told without the lock, which the thread that hears of it wants next; this thread counts as free by then.
// Where the other direction has something to do as well, a second thread sees to it (or this one afterwards, if there
// is none to be had).
void IoConnection::Perform(Lock& lock, Lane* lane) {
  lane->busy = true;
  Command command = std::move(lane->commands.front());
  lane->commands.erase(lane->commands.begin());
  --free_;
  if (free_ == 0 && threads_ < 2 && CanBegin(lane == &reads_ ? writes_ : reads_)) AddThread();
  lock.unlock();
  const int64_t result = Execute(&command);
  lock.lock();
  ++free_;
  lock.unlock();
  mailbox_->Post({shared_from_this(), command.operation, result});
  lock.lock();
  if (command.operation != IoOperation::kRead) lane->busy = false;
}

int64_t IoConnection::Execute(Command* command) {
  switch (command->operation) {
    case IoOperation::kRead:
      return ReadInto(command->most);
    case IoOperation::kWrite:
      return WriteAll(command->data);
    default:
      return Result([&] { return shutdown(fd_, SHUT_WR); });
  }
}

int64_t IoConnection::ReadInto(size_t most) {
  if (buffer_size_ < most) {
    buffer_.reset(new uint8_t[most]);  // not cleared: a read may bring few of the bytes it asks for
    buffer_size_ = most;
  }
  return Retry([&] { return read(fd_, buffer_.get(), most); });
}

int64_t IoConnection::WriteAll(const std::vector<uint8_t>& data) {
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t put = Retry([&] { return write(fd_, data.data() + done, data.size() - done); });
    if (put < 0) return put;
    done += static_cast<size_t>(put);
  }
  return static_cast<int64_t>(done);
}

void IoConnection::Cancel(Lane* lane) {
  for (const Command& command : lane->commands) mailbox_->Post({shared_from_this(), command.operation, -ECANCELED});
  lane->commands.clear();
}

// The last thread closes the descriptor.
void IoConnection::Leave(Lock& lock) {
  --free_;
  if (--threads_ > 0) return;
  Cancel(&writes_);
  Cancel(&reads_);
  const int fd = std::exchange(fd_, -1);
  lock.unlock();
  HeldFds::LetGo(fd);
  close(fd);
  if (!quietly_) mailbox_->Post({shared_from_this(), IoOperation::kClose, 0});
}

}  // namespace posix_async
