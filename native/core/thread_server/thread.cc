// The threads of connections and their bookkeeping; accepting is in thread_accept.cc.
#include "thread.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/held_fds.h"

namespace posix_async {

ThreadServer::ThreadServer(const ThreadServerOptions& options, std::shared_ptr<RunningHandler> handler)
    : options_(options), handler_(std::move(handler)) {}

int ThreadServer::Start() {
  listener_.Reset(fcntl(options_.listener, F_DUPFD_CLOEXEC, 0));
  wake_fd_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  event_fd_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (listener_.valid()) fcntl(listener_.get(), F_SETFL, fcntl(listener_.get(), F_GETFL) | O_NONBLOCK);
  if (!listener_.valid() || !wake_fd_.valid() || !event_fd_.valid()) return -errno;
  const Lock lock(mutex_);
  self_ = shared_from_this();
  accepting_ = true;
  HeldFds::Hold(listener_.get());
  const int error = StartThread(&RunAcceptor, this, kDefaultStackSize);
  if (error == 0) return 0;
  HeldFds::LetGo(listener_.get());
  accepting_ = false;
  self_.reset();
  return error;
}

void ThreadServer::Stop() {
  if (!guard_.IsOwner()) return;
  Lock lock(mutex_);
  stopping_ = true;
  eventfd_write(wake_fd_.get(), 1);
  room_.notify_all();
  work_.notify_all();
  done_.wait(lock, [this] { return !accepting_; });
}

void ThreadServer::ShutdownClients() {
  if (!guard_.IsOwner()) return;
  const Lock lock(mutex_);
  for (Connection* at = active_; at != nullptr; at = at->next) shutdown(at->fd, SHUT_RDWR);
}

bool ThreadServer::WaitDone(std::chrono::milliseconds limit) {
  if (!guard_.IsOwner()) return true;
  Lock lock(mutex_);
  return done_.wait_for(lock, limit, [this] { return !self_; });
}

ThreadServerStats ThreadServer::Stats() {
  if (!guard_.IsOwner()) return {};
  const Lock lock(mutex_);
  return stats_;
}

int ThreadServer::fault() {
  if (!guard_.IsOwner()) return 0;
  const Lock lock(mutex_);
  return fault_;
}

void ThreadServer::Heard() {
  eventfd_t count;
  eventfd_read(event_fd_.get(), &count);
}

void* ThreadServer::RunConnection(void* argument) {
  StayBehind();
  auto* connection = static_cast<Connection*>(argument);
  if (connection->server->guard_.IsOwner()) connection->server->ServeAll(connection);
  return nullptr;
}

// The life of a connection thread.
void ThreadServer::ServeAll(Connection* connection) {
  while (connection != nullptr) {
    SetIdleTimeout(connection->fd, options_.idle_timeout);
    const int result = handler_->Serve(connection->fd);
    Lock lock(mutex_);
    const int fd = connection->fd;
    Strike(lock, connection);
    if (result < 0 && result != -EAGAIN) ++stats_.errors;  // EAGAIN: idle for too long
    lock.unlock();
    close(fd);
    lock.lock();
    connection = NextConnection(lock);
    if (connection == nullptr) LeaveIfLast(lock);
  }
}

// After a connection was closed: the pool's next one, or nullptr where this thread is to end.
ThreadServer::Connection* ThreadServer::NextConnection(Lock& lock) {
  ++ended_;
  if (options_.reuse) {
    ++idle_;  // so many threads wait, less the connections in the queue
    room_.notify_one();
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (!queue_.empty()) {
      Connection* next = queue_.front();
      queue_.pop_front();
      return next;
    }
  }
  --stats_.threads;
  room_.notify_one();
  return nullptr;
}

ThreadServer::Connection* ThreadServer::Enlist(const Lock&, int fd) {
  if (free_ == nullptr) free_ = &storage_.emplace_back(Connection{this, -1, nullptr, nullptr});
  Connection* connection = free_;
  free_ = connection->next;
  *connection = Connection{this, fd, nullptr, active_};
  if (active_ != nullptr) active_->previous = connection;
  active_ = connection;
  HeldFds::Hold(fd);
  ++stats_.active;
  return connection;
}

// The descriptor is no longer this connection's: nobody shuts it down from now on.
void ThreadServer::Strike(const Lock&, Connection* connection) {
  HeldFds::LetGo(connection->fd);
  (connection->previous ? connection->previous->next : active_) = connection->next;
  if (connection->next != nullptr) connection->next->previous = connection->previous;
  connection->next = free_;
  free_ = connection;
  --stats_.active;
}

// The last thread out tells the owner; the server itself may be gone after this.
void ThreadServer::LeaveIfLast(Lock& lock) {
  if (accepting_ || stats_.threads > 0) return;
  const std::shared_ptr<ThreadServer> self = std::move(self_);
  self_.reset();
  eventfd_write(event_fd_.get(), 1);
  done_.notify_all();
  lock.unlock();
}

}  // namespace posix_async
