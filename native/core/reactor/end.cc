// The end of a reactor: of its connections, of its back end, and in the child of a fork. See reactor.h.
#include <unistd.h>

#include <utility>

#include "reactor.h"

namespace posix_async {

void Reactor::DestroyAll(uint64_t now) {
  now_ = now;
  for (size_t slot = 0; slot < connections_.size(); slot++) {
    if (connections_[slot].fd >= 0) Shut(static_cast<int32_t>(slot), 0, kClosed);
  }
  backend_->Push();
}

// The back end is no more of use: nothing that it was to do for the connections will be done.
void Reactor::Fail(int error) {
  for (size_t slot = 0; slot < connections_.size(); slot++) {
    if (connections_[slot].fd >= 0) Shut(static_cast<int32_t>(slot), error, kClosed);
  }
  if (std::exchange(failed_, true)) return;
  if (listening_) Tell(kRefused, -1, error);
}

void Reactor::Close() {
  for (size_t slot = 0; slot < connections_.size(); slot++) {
    Connection& connection = connections_[slot];
    if (connection.fd < 0) continue;
    if (handler_) StopHandling(connection);
    Deregister(static_cast<int32_t>(slot));
    close(std::exchange(connection.fd, -1));
  }
  for (size_t i = 0; i < listeners_.size(); i++) {
    if (listeners_[i].registered) backend_->Change(listeners_[i].fd, kListenerTag | i, kReadable, kNoInterest);
  }
  connections_.clear();
  listeners_.clear();
  idle_.Clear();
  if (backend_ && !backend_->Stop()) slab_in_use_ = true;
  backend_.reset();
  if (control_) MarkClosed();
}

void Reactor::MarkClosed() {
  control_->closed = 1;
  control_->statistics[kActive] = 0;
}

// The back end's object is left where it is: the thread that its mutex and condition know of is not there to be told.
void Reactor::Forget() {
  backend_.release()->Forget();
  for (Connection& connection : connections_) {
    if (connection.fd >= 0) close(std::exchange(connection.fd, -1));
  }
  connections_.clear();
  listeners_.clear();
  notices_.clear();
  run_queue_.clear();
  together_.clear();
  idle_.Clear();
  control_->records = 0;
  MarkClosed();
}

}  // namespace posix_async
