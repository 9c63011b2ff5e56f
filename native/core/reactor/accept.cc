// Clients coming in: accepting until there is nobody left or no room, and resting where the system has no descriptor to
// give. See: man 2 accept4
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/result.h"
#include "reactor.h"

namespace posix_async {
namespace {

constexpr int kMostAccepts = 256;           // in one batch
constexpr uint64_t kRestMilliseconds = 25;  // without a descriptor to give

Peer PeerFrom(const sockaddr_storage& address) {
  Peer peer;
  peer.family = address.ss_family;
  if (peer.family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    peer.port = ntohs(in.sin_port);
    memcpy(peer.address, &in.sin_addr, sizeof in.sin_addr);
  } else if (peer.family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
    peer.port = ntohs(in6.sin6_port);
    memcpy(peer.address, &in6.sin6_addr, sizeof in6.sin6_addr);
  }
  return peer;
}

}  // namespace

int Reactor::Listen(int fd) {
  const int flags = Result([&] { return fcntl(fd, F_GETFL); });
  if (flags < 0) return flags;
  int error = Result([&] { return fcntl(fd, F_SETFL, flags | O_NONBLOCK); });
  if (error < 0) return error;
  const size_t index = listeners_.size();
  error = backend_->Change(fd, kListenerTag | index, kNoInterest, kReadable | kAlwaysTold);
  if (error) return error;
  listeners_.push_back({fd, true});
  listening_ = true;
  backend_->Push();
  return 0;
}

void Reactor::Unlisten(int fd) {
  for (size_t i = 0; i < listeners_.size(); i++) {
    if (listeners_[i].fd != fd) continue;
    if (listeners_[i].registered) backend_->Change(fd, kListenerTag | i, kReadable, kNoInterest);
    listeners_[i] = {-1, false};
  }
  backend_->Push();
  listening_ = std::any_of(listeners_.begin(), listeners_.end(), [](const Listener& one) { return one.fd >= 0; });
}

void Reactor::UnlistenAll() {
  const std::vector<Listener> all = listeners_;
  for (const Listener& listener : all) {
    if (listener.fd >= 0) Unlisten(listener.fd);
  }
}

bool Reactor::MayAccept() const { return HasSlot() && now_ >= accept_again_at_; }

bool Reactor::HasSlot() const { return connections_.size() - free_slots_.size() < most_slots_; }

void Reactor::RenewListeners() {
  const bool wanted = MayAccept();
  for (size_t i = 0; i < listeners_.size(); i++) {
    Listener& listener = listeners_[i];
    if (listener.fd < 0 || listener.registered == wanted) continue;
    const uint8_t before = wanted ? kNoInterest : kReadable, after = wanted ? kReadable | kAlwaysTold : kNoInterest;
    if (!backend_->Change(listener.fd, kListenerTag | i, before, after)) listener.registered = wanted;
  }
}

void Reactor::Accept(Listener& listener) {
  for (int i = 0; i < kMostAccepts && HasRoom() && MayAccept(); i++) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int fd = Retry([&] {
      return accept4(listener.fd, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    });
    if (fd < 0 && !TryNext(-fd)) return;
    if (fd < 0) continue;
    Place(fd, PeerFrom(address));
  }
}

void Reactor::Place(int fd, const Peer& peer) {
  control_->statistics[kAccepted]++;
  if (active_ < options_.most_connections && HasSlot()) return Admit(fd, peer);
  Drop(fd, peer);
}

// A native handler's clients do not enter JavaScript.
void Reactor::Drop(int fd, const Peer& peer) {
  close(fd);
  control_->statistics[kRejected]++;
  if (handler_) return;
  dropped_.push_back(peer);
  Tell(kDropped, -1, static_cast<int32_t>(dropped_.size() - 1));
}

// By a back end that accepts.
void Reactor::Accepted(size_t index, const Ready& ready) {
  if (ready.what & kLapsed && index < listeners_.size()) listeners_[index].registered = false;
  if (!(ready.what & kDone)) return;
  if (ready.result < 0) return static_cast<void>(TryNext(-ready.result));
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getpeername(ready.result, reinterpret_cast<sockaddr*>(&address), &size);
  Place(ready.result, PeerFrom(address));
}

// Whether the error was of one client only, who is gone. Without a descriptor or memory the client waits in the
// backlog: accepting rests for a moment, or until a connection closes.
bool Reactor::TryNext(int error) {
  if (error == EAGAIN) return false;
  if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) {
    control_->statistics[kErrors]++;
    return error != EBADF && error != EINVAL && error != ENOTSOCK;
  }
  accept_again_at_ = now_ + kRestMilliseconds;
  Tell(kRefused, -1, error);
  return false;
}

int32_t Reactor::TakeSlot() {
  if (free_slots_.empty()) {
    connections_.emplace_back();
    return static_cast<int32_t>(connections_.size() - 1);
  }
  const int32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void Reactor::Admit(int fd, const Peer& peer) {
  const int32_t slot = TakeSlot();
  Connection& connection = At(slot);
  int error = handler_ && !StartHandling(slot) ? -ENOMEM : 0;
  if (!error && !completes_) error = backend_->Change(fd, TagOf(slot), kNoInterest, kReadable);
  if (error) return Refuse(slot, fd, peer, -error);
  connection.fd = fd;
  connection.peer = peer;
  if (completes_) {
    Unsettle(slot);  // nothing is received before the batch is over: it may be handed over in it
  } else {
    connection.registered = kReadable;
  }
  Watch(slot);
  control_->statistics[kActive] = ++active_;
  control_->queued[slot] = 0;
  Tell(kOpen, slot, fd);
}

// What cannot be waited for cannot be served: told, counted, and closed.
void Reactor::Refuse(int32_t slot, int fd, const Peer& peer, int error) {
  free(std::exchange(At(slot).user, nullptr));
  free_slots_.push_back(slot);
  Drop(fd, peer);
  Tell(kRefused, -1, error);
}

}  // namespace posix_async
