// What is to be done: the operations that were noted, and what each connection is waited for on afterwards. See
// shared.h.
#include <sys/socket.h>

#include <algorithm>

#include "reactor.h"

namespace posix_async {

void Reactor::PerformAll(uint64_t now) {
  now_ = now;
  const int32_t count = std::min(control_->operations, kMostOperations);
  for (int32_t i = 0; i < count; i++) Perform(control_->operation[i]);
  SettleInterest();
  Dispatch();
  control_->operations = 0;
  control_->out_used = 0;
}

void Reactor::Perform(const Record& operation) {
  if (operation.kind == kRelease) {
    control_->statistics[kActive] = --active_;
    return;
  }
  const auto slot = static_cast<size_t>(operation.slot);
  if (slot >= connections_.size() || connections_[slot].fd < 0) return;
  Connection& connection = connections_[slot];
  switch (operation.kind) {
    case kWrite: {
      const auto offset = static_cast<size_t>(operation.a), count = static_cast<size_t>(operation.b);
      if (offset <= kDataSize && count <= kDataSize - offset) Send(operation.slot, data_ + offset, count);
      return;
    }
    case kFinish:
      connection.Set(kFinishAsked);
      return AfterSending(operation.slot);
    case kCloseSoon:
      connection.Set(kCloseAsked);
      return AfterSending(operation.slot);
    case kDestroy:
      return Shut(operation.slot, 0, kClosed);
    case kPause:
      connection.Set(kPaused);
      return Unsettle(operation.slot);
    case kResume:
      connection.Clear(kPaused);
      return Unsettle(operation.slot);
  }
}

uint8_t Reactor::Wanted(const Connection& connection) const {
  const bool read =
      !(connection.state & (kPeerEnded | kCloseAsked | kPaused)) && connection.queued() < options_.high_water_mark;
  return (read ? kReadable : 0) | (connection.queued() ? kWritable : 0);
}

void Reactor::Unsettle(int32_t slot) {
  Connection& connection = At(slot);
  if (connection.Is(kUnsettled)) return;
  connection.Set(kUnsettled);
  unsettled_.push_back(slot);
}

// Once after everything was done: a connection that ended and was closed in one batch costs no call for the change
// between.
void Reactor::SettleInterest() {
  for (size_t i = 0; i < unsettled_.size(); i++) {
    Connection& connection = At(unsettled_[i]);
    connection.Clear(kUnsettled);
    if (connection.fd >= 0) Renew(unsettled_[i]);
  }
  unsettled_.clear();
  RenewListeners();
}

void Reactor::Renew(int32_t slot) {
  Connection& connection = At(slot);
  uint8_t wanted = Wanted(connection);
  if (connection.held) {
    if (wanted & kReadable) Defer(slot, kReadable);
    if (connection.held->over || connection.held->bytes.size() >= kShareSize) wanted &= ~kReadable;
  }
  if (wanted == connection.registered) return;
  const int error = backend_->Change(connection.fd, TagOf(slot), connection.registered, wanted);
  if (error) return Shut(slot, -error, kClosed);
  connection.registered = wanted;
}

// Of a connection that is closed next. A request that cannot be given up would hold it open.
void Reactor::Deregister(int32_t slot) {
  Connection& connection = At(slot);
  const int error =
      connection.registered ? backend_->Change(connection.fd, TagOf(slot), connection.registered, kNoInterest) : 0;
  if (error) shutdown(connection.fd, SHUT_RDWR);
  connection.registered = kNoInterest;
}

}  // namespace posix_async
