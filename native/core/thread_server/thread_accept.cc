// The accepting thread: room, accept, a thread; and what happens when the kernel has no descriptor or no thread to
// give.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>

#include "core/base/held_fds.h"
#include "thread.h"

namespace posix_async {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kExhaustedPause{25};    // descriptors ran out: asked again after it, or when a connection ended
constexpr milliseconds kFirstThreadPause{10};  // no thread to be had: doubled each time
constexpr int kThreadAttempts = 6;             // 310 ms in all, then the connection is refused

bool IsExhaustion(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

// What concerns the listener itself, and not one connection or one moment.
bool IsFatal(int error) { return error == EBADF || error == EINVAL || error == ENOTSOCK || error == EOPNOTSUPP; }

}  // namespace

void* ThreadServer::RunAcceptor(void* argument) {
  StayBehind();
  auto* server = static_cast<ThreadServer*>(argument);
  if (server->guard_.IsOwner()) server->AcceptLoop();
  return nullptr;
}

void ThreadServer::AcceptLoop() {
  while (WaitForRoom()) {
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      Take(fd);
    } else if (!RecoverFromAccept(errno)) {
      break;
    }
  }
  Lock lock(mutex_);
  HeldFds::LetGo(listener_.get());
  listener_.Reset();
  accepting_ = false;
  done_.notify_all();
  LeaveIfLast(lock);
}

// Waits while all threads are busy. False when the server stops.
bool ThreadServer::WaitForRoom() {
  Lock lock(mutex_);
  room_.wait(lock, [this] { return stopping_ || stats_.threads < options_.max_threads || idle_ > 0; });
  return !stopping_;
}

// False where there is nothing left to accept from.
bool ThreadServer::RecoverFromAccept(int error) {
  if (error == EAGAIN) {
    WaitForClient();
    return true;
  }
  if (!IsExhaustion(error) && !IsFatal(error)) return true;  // EINTR, ECONNABORTED, or the network's: the next one
  Lock lock(mutex_);
  if (!exhausted_) ++stats_.errors;
  if (IsFatal(error)) {
    fault_ = -error;
    stopping_ = true;
    work_.notify_all();
    eventfd_write(event_fd_.get(), 1);
    return false;
  }
  exhausted_ = true;
  room_.wait_for(lock, kExhaustedPause, [this, ended = ended_] { return stopping_ || ended_ != ended; });
  return true;
}

void ThreadServer::WaitForClient() {
  pollfd fds[] = {{listener_.get(), POLLIN, 0}, {wake_fd_.get(), POLLIN, 0}};
  poll(fds, 2, -1);
}

void ThreadServer::Take(int fd) {
  Lock lock(mutex_);
  exhausted_ = false;
  ++stats_.accepted;
  Connection* connection = Enlist(lock, fd);
  if (IsOverLimit(lock)) return Refuse(lock, connection);
  if (GiveToIdleThread(lock, connection)) return;
  if (StartThreadFor(lock, connection) < 0) {
    ++stats_.errors;
    Refuse(lock, connection);
  }
}

bool ThreadServer::IsOverLimit(const Lock&) const {
  return options_.max_connections >= 0 && stats_.active > static_cast<uint64_t>(options_.max_connections);
}

bool ThreadServer::GiveToIdleThread(const Lock&, Connection* connection) {
  if (idle_ == 0) return false;
  --idle_;
  queue_.push_back(connection);
  work_.notify_one();
  return true;
}

// Tries again for a while where the kernel has no thread to give. 0 when the connection is in good hands, or -errno.
int ThreadServer::StartThreadFor(Lock& lock, Connection* connection) {
  milliseconds pause = kFirstThreadPause;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    ++stats_.threads;
    lock.unlock();
    const int error = StartThread(&RunConnection, connection, options_.stack_size, Signals::kInherit);
    lock.lock();
    if (error == 0) return 0;
    --stats_.threads;
    if (attempt == kThreadAttempts || stopping_) return error;
    room_.wait_for(lock, pause, [this, ended = ended_] { return stopping_ || ended_ != ended; });
    if (GiveToIdleThread(lock, connection)) return 0;
  }
}

void ThreadServer::Refuse(Lock& lock, Connection* connection) {
  const int fd = connection->fd;
  Strike(lock, connection);
  ++stats_.rejected;
  lock.unlock();
  close(fd);
}

}  // namespace posix_async
