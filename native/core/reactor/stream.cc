// The bytes of one connection: reading its share of a batch, writing, what the kernel would not take yet, and the end.
// See: man 2 recv, man 2 send, man 2 shutdown
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "core/base/result.h"
#include "reactor.h"

namespace posix_async {
namespace {

// The two calls of every message, without what glibc does around them in a program with threads so that pthread_cancel
// may come between: nobody cancels this thread.
ssize_t Recv(int fd, void* bytes, size_t size) { return syscall(SYS_recvfrom, fd, bytes, size, 0, nullptr, nullptr); }

ssize_t SendTo(int fd, const void* bytes, size_t size) {
  return syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL, nullptr, 0);
}

}  // namespace

// Told once for each arrival, an edge-triggered connection is read until there is nothing left; else one call is
// enough.
int64_t Reactor::Receive(Connection& connection, size_t* got) {
  uint8_t* const share = data_ + slab_used_;
  for (;;) {
    const int64_t count = Retry([&] { return Recv(connection.fd, share + *got, kShareSize - *got); });
    if (count <= 0) return count;
    *got += static_cast<size_t>(count);
    if (!options_.edge_triggered || *got == kShareSize) return count;
  }
}

void Reactor::Read(int32_t slot) {
  Connection& connection = At(slot);
  if (completes_) return ReadHeld(slot);
  size_t got = 0;
  const int64_t last = Receive(connection, &got);
  if (got) Received(slot, slab_used_, got);
  if (connection.fd < 0) return;
  if (last == 0) return PeerEnded(slot);
  if (last < 0 && last != -EAGAIN) return Shut(slot, static_cast<int>(-last), kClosed);
  if (options_.edge_triggered && last > 0) Defer(slot, kReadable);
}

// The place in the slab is taken before anything is told: what is sent from there may be sent when the batch is over.
void Reactor::Received(int32_t slot, size_t offset, size_t count) {
  CountReceived(slot, count);
  const bool sent_later = completes_ || !handler_;
  if (sent_later && offset == slab_used_) slab_used_ += count;
  if (handler_) return HandleData(slot, data_ + offset, count);
  Tell(kData, slot, static_cast<int32_t>(offset), static_cast<int32_t>(count));
}

void Reactor::CountReceived(int32_t slot, size_t count) {
  Active(slot, false);
  control_->statistics[kBytesIn] += static_cast<double>(count);
}

void Reactor::CountSent(int32_t slot, size_t count) {
  Active(slot, true);
  control_->statistics[kBytesOut] += static_cast<double>(count);
}

void Reactor::PeerEnded(int32_t slot) {
  At(slot).Set(kPeerEnded);
  Unsettle(slot);
  if (handler_) return HandleEnd(slot);
  Tell(kEnd, slot);
  if (At(slot).Is(kFinished)) Shut(slot, 0, kClosed);
}

// False: the connection is gone.
bool Reactor::SendNow(int32_t slot, const uint8_t* bytes, size_t count, size_t* sent) {
  Connection& connection = At(slot);
  const int64_t result = Retry([&] { return SendTo(connection.fd, bytes, count); });
  if (result == -EAGAIN) return true;
  if (result < 0) {
    Shut(slot, static_cast<int>(-result), kClosed);
    return false;
  }
  *sent = static_cast<size_t>(result);
  CountSent(slot, *sent);
  return true;
}

void Reactor::Send(int32_t slot, const uint8_t* bytes, size_t count) {
  Connection& connection = At(slot);
  if (connection.Is(kFinishAsked) || connection.Is(kCloseAsked)) return;
  if (completes_ && !connection.queue && SendTogether(slot, bytes, count)) return;
  SendAlone(slot, bytes, count);
}

void Reactor::SendAlone(int32_t slot, const uint8_t* bytes, size_t count) {
  size_t sent = 0;
  if (!At(slot).queue && !SendNow(slot, bytes, count, &sent)) return;
  Queue(slot, bytes + sent, count - sent);
}

// What is left of a write.
void Reactor::Queue(int32_t slot, const uint8_t* bytes, size_t count) {
  Connection& connection = At(slot);
  if (count) {
    if (!connection.queue) connection.queue = std::make_unique<ByteQueue>();
    if (!connection.queue->Append(bytes, count)) return Shut(slot, ENOMEM, kClosed);
    Unsettle(slot);
  }
  AfterSending(slot);
}

void Reactor::SendQueued(int32_t slot) {
  Connection& connection = At(slot);
  size_t sent = 0;
  if (!SendNow(slot, connection.queue->data(), connection.queue->size(), &sent)) return;
  connection.queue->Take(sent);
  Unsettle(slot);
  if (!connection.queue->size()) {
    connection.queue.reset();
    Tell(kDrain, slot);
  }
  AfterSending(slot);
}

void Reactor::AfterSending(int32_t slot) {
  Connection& connection = At(slot);
  control_->queued[slot] = static_cast<int32_t>(std::min<size_t>(connection.queued(), INT_MAX));
  if (connection.queue || connection.Is(kSending)) return;
  if (connection.Is(kCloseAsked)) return Shut(slot, 0, kClosed);
  if (!connection.Is(kFinishAsked) || connection.Is(kFinished)) return;
  if (connection.Is(kPeerEnded)) return Shut(slot, 0, kClosed);
  connection.Set(kFinished);
  shutdown(connection.fd, SHUT_WR);
}

int64_t Reactor::Write(int32_t slot, const uint8_t* bytes, size_t count, uint64_t now) {
  if (control_->operations) Flush(now);
  now_ = now;
  if (DescriptorOf(slot) < 0) return -EPIPE;
  if (!At(slot).Is(kFinishAsked) && !At(slot).Is(kCloseAsked)) SendAlone(slot, bytes, count);
  if (At(slot).fd < 0) return -EPIPE;
  if (!unsettled_.empty() && !control_->in_batch) {
    SettleInterest();
    backend_->Push();
  }
  return static_cast<int64_t>(At(slot).queued());
}

int Reactor::DescriptorOf(int32_t slot) const {
  return static_cast<size_t>(slot) < connections_.size() ? connections_[static_cast<size_t>(slot)].fd : -1;
}

const Peer* Reactor::PeerOf(int32_t slot) const {
  return static_cast<size_t>(slot) < connections_.size() ? &connections_[static_cast<size_t>(slot)].peer : nullptr;
}

const Peer* Reactor::DroppedPeer(int32_t number) const {
  return static_cast<size_t>(number) < dropped_.size() ? &dropped_[static_cast<size_t>(number)] : nullptr;
}

int Reactor::Detach(int32_t slot, uint64_t now) {
  if (control_->operations) Flush(now);
  if (DescriptorOf(slot) < 0) return -EBADF;
  Connection& connection = At(slot);
  if (connection.Is(kSending)) Dispatch();
  if (connection.queue) return -EBUSY;
  const int error = connection.fd < 0 ? -EPIPE : Withdraw(slot);
  if (error) Shut(slot, -error, kClosed);
  if (connection.fd < 0) return error ? error : -ENOMEM;
  idle_.Remove(slot);
  Tell(kClose, slot, 0, kDetached);
  return std::exchange(connection.fd, -1);
}

void Reactor::Shut(int32_t slot, int error, Reason reason) {
  Connection& connection = At(slot);
  if (connection.Is(kSending)) Dispatch();
  if (connection.fd < 0) return;
  Deregister(slot);
  idle_.Remove(slot);
  close(std::exchange(connection.fd, -1));
  connection.queue.reset();
  connection.held.reset();
  if (handler_) StopHandling(connection);
  control_->queued[slot] = -1;
  control_->statistics[kActive] = --active_;
  if (error || reason == kTimedOut) control_->statistics[kErrors]++;
  accept_again_at_ = 0;
  Tell(kClose, slot, error, reason);
}

}  // namespace posix_async
